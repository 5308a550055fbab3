use chrono::TimeDelta;

const FREE_ATTEMPTS: i32 = 5;
const FIRST_LOCK_SECONDS: i64 = 60;
const LONGEST_LOCK_SECONDS: i64 = 3600;

/// How long a user name is locked after its `failures`-th wrong password in a row: not at all for the first four,
/// then one minute, doubled by each further failure, an hour at most.
pub fn lock_after(failures: i32) -> Option<TimeDelta> {
    let doublings = failures.checked_sub(FREE_ATTEMPTS).filter(|n| *n >= 0)?;
    let seconds = FIRST_LOCK_SECONDS << doublings.min(6);
    Some(TimeDelta::seconds(seconds.min(LONGEST_LOCK_SECONDS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backs_off_and_stops_at_an_hour() {
        let seconds: Vec<_> = (1..=13).map(|n| lock_after(n).map_or(0, |d| d.num_seconds())).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(lock_after(i32::MAX).map(|d| d.num_seconds()), Some(3600));
    }
}
