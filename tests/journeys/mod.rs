mod closed_loop;
