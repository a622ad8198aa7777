//! How fast requests are sent in the adaptive mode: hardly faster than the service lets through.
//!
//! It is botocore's limiter, number by number. Until a request is throttled there is no limit. From
//! then on each takes a token, and tokens come at a rate that is cut when a request is throttled and
//! grows with the cube of time since then. A command that follows many pages is slowed down by it,
//! and one with a single request hardly ever.

use super::Outcome;
use std::time::Duration;

/// How slow a client is made at most, in requests per second.
const RATE_MIN: f64 = 0.5;
/// How much faster than it was a client may become, as a factor.
const GROWTH_MAX: f64 = 2.0;
/// What is left of the rate at which a request was throttled.
const CUT: f64 = 0.7;
/// How steep the growth is.
const STEEPNESS: f64 = 0.4;
/// For how long requests are counted, in seconds, before they become a rate.
const COUNTED_SECONDS: f64 = 0.5;
/// How much the newest rate counts beside those before it.
const NEWEST: f64 = 0.8;

/// The limit of one client. Moments are told to it as time since 1970, and do not go back.
#[derive(Clone, Debug)]
pub struct Limiter {
    is_on: bool,
    measured: Measured,
    growth: Growth,
    bucket: Bucket,
}

impl Limiter {
    /// Begins without a limit.
    pub fn new(now: Duration) -> Limiter {
        let now = now.as_secs_f64();
        Limiter {
            is_on: false,
            measured: Measured { rate: 0.0, since: now.floor(), count: 0.0 },
            growth: Growth { most: 0.0, flat_after: 0.0, cut_at: now },
            bucket: Bucket { rate: 1.0, room: 1.0, tokens: 0.0, filled_at: now },
        }
    }

    /// How long to wait before a request is sent, which is then sent.
    pub fn send(&mut self, now: Duration) -> Duration {
        if !self.is_on {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(self.bucket.take(now.as_secs_f64()))
    }

    /// Takes notice of what came of a request.
    pub fn after(&mut self, outcome: Outcome<'_>, now: Duration) {
        let now = now.as_secs_f64();
        let measured = self.measured.count(now);
        let rate = if outcome.is_throttled() {
            let rate = if self.is_on { measured.min(self.bucket.rate) } else { measured };
            self.is_on = true;
            self.growth.cut(rate, now)
        } else {
            self.growth.at(now)
        };
        self.bucket.set(rate.min(GROWTH_MAX * measured), now);
    }
}

/// The rate at which answers come, smoothed.
#[derive(Clone, Debug)]
struct Measured {
    rate: f64,
    /// When the present count began.
    since: f64,
    count: f64,
}

impl Measured {
    fn count(&mut self, now: f64) -> f64 {
        let begun = (now / COUNTED_SECONDS).floor() * COUNTED_SECONDS;
        self.count += 1.0;
        if begun > self.since {
            let newest = self.count / (begun - self.since);
            self.rate = newest * NEWEST + self.rate * (1.0 - NEWEST);
            (self.count, self.since) = (0.0, begun);
        }
        self.rate
    }
}

/// The rate that may be the right one: CUBIC, as TCP has it.
#[derive(Clone, Debug)]
struct Growth {
    /// What it was when the last request was throttled.
    most: f64,
    /// How many seconds it takes to come back to that.
    flat_after: f64,
    cut_at: f64,
}

impl Growth {
    fn at(&self, now: f64) -> f64 {
        STEEPNESS * (now - self.cut_at - self.flat_after).powi(3) + self.most
    }

    fn cut(&mut self, rate: f64, now: f64) -> f64 {
        let flat_after = (rate * (1.0 - CUT) / STEEPNESS).cbrt();
        *self = Growth { most: rate, flat_after, cut_at: now };
        rate * CUT
    }
}

/// The tokens that requests take.
#[derive(Clone, Debug)]
struct Bucket {
    /// How many come in a second.
    rate: f64,
    /// How many there are at most.
    room: f64,
    tokens: f64,
    filled_at: f64,
}

impl Bucket {
    fn fill(&mut self, now: f64) {
        let passed = (now - self.filled_at).max(0.0);
        self.tokens = self.room.min(self.tokens + passed * self.rate);
        self.filled_at = now;
    }

    fn set(&mut self, rate: f64, now: f64) {
        // What has come so far came at the rate until now.
        self.fill(now);
        (self.rate, self.room) = (rate.max(RATE_MIN), rate.max(1.0));
        self.tokens = self.tokens.min(self.room);
    }

    /// Takes one, and says in how many seconds it is there.
    fn take(&mut self, now: f64) -> f64 {
        self.fill(now);
        let wait = ((1.0 - self.tokens) / self.rate).max(0.0);
        self.fill(now + wait);
        self.tokens -= 1.0;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THROTTLED: Outcome<'_> =
        Outcome::Refused { status: 400, code: "ThrottlingException", retry_after: None };
    /// The numbers in the file are rounded, and so are its moments.
    const EXACT: f64 = 0.01;

    fn number(text: &str) -> f64 {
        text.parse().expect("a number")
    }

    fn moment(text: &str) -> Duration {
        Duration::from_secs_f64(number(text))
    }

    /// Each line of the file has a moment, and what botocore did: how long it waited before it
    /// sent, or the rate that it kept to after an answer.
    #[test]
    fn it_waits_as_long_as_botocore() {
        let mut limiter = None;
        let mut lines = 0;
        for line in include_str!("botocore.txt").lines() {
            if let Some((_, start)) = line.rsplit_once(", from ") {
                limiter = Some(Limiter::new(moment(start)));
                continue;
            }
            let limiter = limiter.as_mut().expect("a case begins with its start");
            let words: Vec<&str> = line.split(' ').collect();
            let [at, what, expected] = words.as_slice() else { panic!("{line}") };
            let found = if *what == "send" {
                limiter.send(moment(at)).as_secs_f64()
            } else {
                let throttled = *what == "throttled";
                let outcome = if throttled { THROTTLED } else { Outcome::Answered };
                limiter.after(outcome, moment(at));
                limiter.bucket.rate
            };
            assert!((found - number(expected)).abs() < EXACT, "{line}: {found}");
            lines += 1;
        }
        assert!(lines > 400, "the cases were found");
    }

    /// What is not the service's wish for fewer requests slows nobody down.
    #[test]
    fn without_throttling_there_is_no_limit() {
        let mut limiter = Limiter::new(moment("1000.2"));
        for step in 0..100 {
            let now = moment("1000.2") + Duration::from_millis(step);
            assert_eq!(limiter.send(now), Duration::ZERO);
            limiter.after(Outcome::Unreachable, now);
        }
    }
}
