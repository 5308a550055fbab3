//! The binary itself: how soon it answers, and what it holds when nobody asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::place::Place;
use crate::report::figure;

const MIB: f64 = 1024.0;
const STARTS: usize = 5;

/// On a database that exists: starts it several times, and tells the slowest start.
pub fn measure(place: &Place) -> Outcome<()> {
    let mut slowest = Duration::ZERO;
    let mut resident = 0.0_f64;
    for _ in 0..STARTS {
        let started = Instant::now();
        let server = Server::start(place)?;
        server.answers()?;
        slowest = slowest.max(started.elapsed());
        std::thread::sleep(Duration::from_millis(500));
        resident = resident.max(server.resident_kib()? / MIB);
    }
    let seconds = slowest.as_secs_f64();
    let what = format!("start to first answer, slowest of {STARTS}, s");
    figure(Some(place.backend), &what, format!("{seconds:.2}"), "≤ 1", Some(seconds <= 1.0));
    let what = "memory of the idle server (VmRSS), MiB";
    figure(Some(place.backend), what, format!("{resident:.0}"), "≤ 60", Some(resident <= 60.0));
    Ok(())
}

/// The binary as a process of its own. Dropped, it is killed.
pub struct Server {
    child: Child,
    pub address: String,
    /// Held open: the server goes on to print.
    output: BufReader<ChildStdout>,
}

impl Server {
    pub fn start(place: &Place) -> Outcome<Server> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
        command.arg("serve").current_dir(place.folder()).stdin(Stdio::null()).stdout(Stdio::piped());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HUIYIN_")) {
            command.env_remove(name);
        }
        command.envs(place.environment());
        let mut child = command.spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut server = Server { child, address: String::new(), output };
        let mut line = String::new();
        while server.output.read_line(&mut line)? > 0 {
            if let Some((_, address)) = line.trim_end().split_once("serves on http://") {
                server.address = address.to_owned();
                return Ok(server);
            }
            line.clear();
        }
        Err("the server has not started".into())
    }

    /// Waits for the first answer of something that asks the database.
    pub fn answers(&self) -> Outcome<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer.into()) }
    }

    pub fn resident_kib(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
