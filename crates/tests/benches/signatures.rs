//! How long a signature takes to be verified: requests with a body of 1 KiB, in one thread.
//!
//! Runs with `cargo bench -p tidewheel-tests --bench signatures`; `SIGNATURES_SECONDS` sets how
//! long each row measures (default 2). Compare rows of one run: machines differ.

use access::{Claim, Received, Rules, SERVICE, Signer, SigningKey, SigningKeys};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wire::{Fault, Timestamp};

/// 2015-08-30 12:36:00 UTC.
const NOW: Timestamp = Timestamp(1_440_938_160_000);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// How many times something is done between two looks at the clock.
const ROUND: u32 = 1000;

fn main() {
    let seconds = std::env::var("SIGNATURES_SECONDS");
    let seconds = seconds.map_or(2, |text| text.parse().expect("a number of seconds"));
    let duration = Duration::from_secs(seconds);

    let body = vec![b'x'; 1024];
    // What boto3 sends.
    let mut sent = vec![
        ("host", "127.0.0.1:7933"),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "SimpleWorkflowService.PollForDecisionTask"),
    ];
    let signature = Signer::new("AKIDEXAMPLE", SECRET, "us-east-1").sign(&sent, &body, NOW);
    sent.push(("user-agent", "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux lang/python#3.13"));
    sent.push(("x-amz-date", &signature.date));
    sent.push(("authorization", &signature.authorization));
    let headers: Vec<(&str, &[u8])> =
        sent.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let request =
        Received { method: "POST", path: b"/", query: None, headers: &headers, body: &body };
    let rules = Rules::of_service(SERVICE);
    let read = || Claim::read(black_box(&request), &rules, NOW).expect("it is well-formed");

    let keys = SigningKeys::new();
    measure("read, key at hand, verified", duration, || {
        let verified = keys.verify(&read(), || Ok::<_, Fault>(SECRET));
        verified.expect("it is signed");
    });
    measure("read, key derived, verified", duration, || {
        let claim = read();
        claim.verify(&claim.signing_key(SECRET.as_bytes())).expect("it is signed");
    });
    measure("read alone", duration, || {
        black_box(read());
    });
    measure("key derived alone", duration, || {
        black_box(SigningKey::derive(SECRET.as_bytes(), "20150830", "us-east-1", SERVICE));
    });
}

fn measure(row: &str, duration: Duration, mut once: impl FnMut()) {
    let (started, mut count) = (Instant::now(), 0_u32);
    while started.elapsed() < duration {
        (0..ROUND).for_each(|_| once());
        count += ROUND;
    }
    let microseconds = started.elapsed().as_secs_f64() * 1e6 / f64::from(count);
    println!("{row:>28}: {microseconds:6.2} us, {:7.0} a second", 1e6 / microseconds);
}
