//! Which answers are asked for again, and after how long, in the modes of AWS's clients.
//!
//! Chance comes in as a number, and time goes out as one, so that a table can say what happens.
//! Nothing here waits. The quota is that of one command: it keeps a long paging from going on
//! against a server that answers nothing but errors.

mod adaptive;

pub use adaptive::Limiter;
use std::time::Duration;

/// The most that an attempt is put off by doubling.
const BACKOFF_SECONDS_MAX: f64 = 20.0;
/// What the first wait is at most, in seconds, where the service wants fewer requests.
const THROTTLED_SECONDS: f64 = 1.0;
/// And where something else went wrong.
const BROKEN_SECONDS: f64 = 0.05;
/// How much more than its own a client waits because a server says so.
const SERVER_SECONDS_MAX: f64 = 5.0;
/// What a command may spend on attempts, and what each costs.
const QUOTA: u32 = 500;
const COST: u32 = 14;
const THROTTLED_COST: u32 = 5;
/// What a request gives back that was answered at once.
const REFUND: u32 = 1;

/// Codes that say that something was wrong for a moment.
const TRANSIENT: &[&str] =
    &["RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"];
/// Codes that say that there are too many requests.
const THROTTLED: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Codes that say so in the legacy mode, with a status of 400.
const THROTTLED_LEGACY: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "ProvisionedThroughputExceededException",
];

/// How requests are repeated.
///
/// How long the legacy mode waits is the standard one's, which is shorter: nothing hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As of old: fewer errors than in the standard mode, but more often.
    Legacy,
    /// Three times in all.
    Standard,
    /// The same, and requests are sent no faster than the service lets through.
    Adaptive,
}

impl Mode {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Mode> {
        match text {
            "legacy" => Some(Mode::Legacy),
            "standard" => Some(Mode::Standard),
            "adaptive" => Some(Mode::Adaptive),
            _ => None,
        }
    }

    /// How often a request is sent in all, if nobody says.
    pub fn attempts(self) -> u32 {
        match self {
            Mode::Legacy => 5,
            Mode::Standard | Mode::Adaptive => 3,
        }
    }
}

/// What came of an attempt, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It succeeded.
    Answered,
    /// The service refused, or broke.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The name of the error, without its namespace.
        code: &'a str,
        /// What the server says of when to come again, in milliseconds.
        retry_after: Option<u64>,
    },
    /// There is no answer: no connection, or none that held.
    Unreachable,
}

impl Outcome<'_> {
    /// Whether the service wants fewer requests.
    pub(crate) fn is_throttled(self) -> bool {
        match self {
            // A status of its own counts only where no error of the service explains it; SWF's
            // own errors all have another.
            Outcome::Refused { status, code, .. } => THROTTLED.contains(&code) || status == 429,
            Outcome::Answered | Outcome::Unreachable => false,
        }
    }

    /// Whether the same request may fare better the next time.
    pub(crate) fn is_worth_another(self) -> bool {
        match self {
            Outcome::Answered => false,
            Outcome::Unreachable => true,
            Outcome::Refused { status, code, .. } => {
                TRANSIENT.contains(&code)
                    || matches!(status, 500 | 502 | 503 | 504)
                    || self.is_throttled()
            }
        }
    }
}

impl Outcome<'_> {
    /// Whether AWS's clients send the request again.
    fn is_repeated(self, mode: Mode) -> bool {
        let Outcome::Refused { status, code, .. } = self else { return self.is_worth_another() };
        match mode {
            Mode::Legacy => {
                matches!(status, 429 | 500 | 502 | 503 | 504 | 509)
                    || (status == 400 && THROTTLED_LEGACY.contains(&code))
            }
            Mode::Standard | Mode::Adaptive => {
                matches!(status, 500 | 502 | 503 | 504)
                    || TRANSIENT.contains(&code)
                    || THROTTLED.contains(&code)
            }
        }
    }
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It stays with what came of it. `exhausted` if there would have been no other attempt,
    /// whatever came, but in the legacy mode only if there was reason for one: AWS's tools say then
    /// how often they have tried.
    Done {
        /// All attempts were made.
        exhausted: bool,
    },
    /// Wait, and send the request again.
    Again(Duration),
}

/// The attempts of a command.
#[derive(Clone, Debug)]
pub struct Retries {
    mode: Mode,
    attempts_max: u32,
    left: u32,
    /// The number of the attempt at the present request, from 1.
    attempt: u32,
    /// What the last repetition of it has cost.
    paid: Option<u32>,
}

impl Retries {
    /// Sends each request `attempts_max` times at most, and at least once.
    pub fn new(mode: Mode, attempts_max: u32) -> Retries {
        Retries { mode, attempts_max: attempts_max.max(1), left: QUOTA, attempt: 1, paid: None }
    }

    /// How often the present request is sent at most.
    pub fn attempts_max(&self) -> u32 {
        self.attempts_max
    }

    /// The number of the present attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// What to do after an attempt. `chance` is from 0 to 1. When it is done, the next attempt is
    /// the first at another request.
    pub fn after(&mut self, outcome: Outcome<'_>, chance: f64) -> Next {
        let is_repeated = outcome.is_repeated(self.mode);
        let exhausted =
            self.attempts_max <= self.attempt && (is_repeated || self.mode != Mode::Legacy);
        let cost = match self.mode {
            // It knows of no quota.
            Mode::Legacy => 0,
            Mode::Standard | Mode::Adaptive if outcome.is_throttled() => THROTTLED_COST,
            Mode::Standard | Mode::Adaptive => COST,
        };
        if exhausted || !is_repeated || self.left < cost {
            if outcome == Outcome::Answered {
                self.left = QUOTA.min(self.left + self.paid.unwrap_or(REFUND));
            }
            (self.attempt, self.paid) = (1, None);
            return Next::Done { exhausted };
        }
        self.left -= cost;
        self.paid = Some(cost);
        let wait = self.wait(outcome, chance);
        self.attempt += 1;
        Next::Again(Duration::from_secs_f64(wait))
    }

    /// In seconds.
    fn wait(&self, outcome: Outcome<'_>, chance: f64) -> f64 {
        let first = if outcome.is_throttled() { THROTTLED_SECONDS } else { BROKEN_SECONDS };
        // Beyond this many doublings the bound is reached in any case.
        let doublings = (self.attempt - 1).min(16);
        let most = (first * f64::from(1_u32 << doublings)).min(BACKOFF_SECONDS_MAX);
        let own = chance.clamp(0.0, 1.0) * most;
        match outcome {
            Outcome::Refused { retry_after: Some(milliseconds), .. } => {
                let wanted = Duration::from_millis(milliseconds).as_secs_f64();
                own.max(wanted.min(own + SERVER_SECONDS_MAX))
            }
            Outcome::Refused { retry_after: None, .. }
            | Outcome::Answered
            | Outcome::Unreachable => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Outcome<'_> {
        Outcome::Refused { status, code, retry_after: None }
    }

    fn again(milliseconds: u64) -> Next {
        Next::Again(Duration::from_millis(milliseconds))
    }

    const DONE: Next = Next::Done { exhausted: false };

    #[test]
    fn what_may_be_better_the_next_time_is_asked_again() {
        for (outcome, expected) in [
            (Outcome::Answered, DONE),
            (Outcome::Unreachable, again(50)),
            (refused(500, "InternalFailure"), again(50)),
            (refused(502, "502"), again(50)),
            (refused(503, "503"), again(50)),
            (refused(504, "504"), again(50)),
            (refused(501, "501"), DONE),
            (refused(400, "ThrottlingException"), again(1000)),
            // AWS's clients go by the code.
            (refused(429, "429"), DONE),
            (refused(429, "SlowDown"), again(1000)),
            (refused(400, "RequestTimeout"), again(50)),
            (refused(400, "UnknownResourceFault"), DONE),
            (refused(400, "LimitExceededFault"), DONE),
            (refused(400, "ValidationException"), DONE),
        ] {
            assert_eq!(
                Retries::new(Mode::Standard, 3).after(outcome, 1.0),
                expected,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn the_legacy_mode_goes_by_other_signs_and_more_often() {
        for (outcome, expected) in [
            (Outcome::Unreachable, again(50)),
            (refused(500, "InternalFailure"), again(50)),
            (refused(504, "504"), again(50)),
            (refused(509, "509"), again(50)),
            (refused(429, "429"), again(1000)),
            (refused(400, "ThrottlingException"), again(1000)),
            (refused(400, "RequestLimitExceeded"), DONE),
            (refused(400, "RequestTimeout"), DONE),
            (refused(400, "UnknownResourceFault"), DONE),
        ] {
            assert_eq!(Retries::new(Mode::Legacy, 5).after(outcome, 1.0), expected, "{outcome:?}");
        }
        let last = |outcome| Retries::new(Mode::Legacy, 1).after(outcome, 1.0);
        assert_eq!(last(refused(500, "InternalFailure")), Next::Done { exhausted: true });
        assert_eq!(last(refused(400, "UnknownResourceFault")), DONE);
        let last = Retries::new(Mode::Standard, 1).after(refused(400, "UnknownResourceFault"), 1.0);
        assert_eq!(last, Next::Done { exhausted: true });
        for (mode, attempts) in [(Mode::Legacy, 5), (Mode::Standard, 3), (Mode::Adaptive, 3)] {
            assert_eq!(mode.attempts(), attempts);
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_chance_shortens_them() {
        let throttled = refused(400, "ThrottlingException");
        let mut retries = Retries::new(Mode::Standard, 9);
        for seconds in [1, 2, 4, 8, 16, 20, 20, 20] {
            assert_eq!(retries.after(throttled, 1.0), again(seconds * 1000));
        }
        assert_eq!(retries.after(throttled, 1.0), Next::Done { exhausted: true });
        assert_eq!(Retries::new(Mode::Standard, 3).after(throttled, 0.25), again(250));
        assert_eq!(Retries::new(Mode::Standard, 3).after(throttled, 0.0), again(0));
    }

    #[test]
    fn a_server_is_believed_within_bounds() {
        let wanted = |milliseconds| Outcome::Refused {
            status: 503,
            code: "503",
            retry_after: Some(milliseconds),
        };
        assert_eq!(Retries::new(Mode::Standard, 3).after(wanted(1), 1.0), again(50));
        assert_eq!(Retries::new(Mode::Standard, 3).after(wanted(2000), 1.0), again(2000));
        assert_eq!(Retries::new(Mode::Standard, 3).after(wanted(60_000), 1.0), again(5050));
    }

    /// A refusal that is not worth another attempt says so, too, when it comes at the last: that is
    /// what AWS's tools do.
    #[test]
    fn the_last_attempt_is_the_last_whatever_comes() {
        let mut retries = Retries::new(Mode::Standard, 2);
        assert_eq!(retries.after(Outcome::Unreachable, 0.0), again(0));
        let last = retries.after(refused(400, "UnknownResourceFault"), 0.0);
        assert_eq!(last, Next::Done { exhausted: true });
        assert_eq!(
            Retries::new(Mode::Standard, 0).after(Outcome::Answered, 0.0),
            Next::Done { exhausted: true }
        );
    }

    #[test]
    fn the_legacy_mode_has_no_quota() {
        let mut retries = Retries::new(Mode::Legacy, 2);
        for _ in 0..1000 {
            assert_eq!(retries.after(Outcome::Unreachable, 0.0), again(0));
            assert_eq!(retries.after(refused(400, "ValidationException"), 0.0), DONE);
        }
    }

    #[test]
    fn each_request_has_its_own_attempts_and_all_have_one_quota() {
        let mut retries = Retries::new(Mode::Standard, 3);
        let mut repeated = 0;
        for _ in 0..100 {
            for _ in 0..2 {
                if retries.after(Outcome::Unreachable, 0.0) == again(0) {
                    repeated += 1;
                }
            }
            retries.after(refused(400, "ValidationException"), 0.0);
        }
        assert_eq!(repeated, 35, "500 / 14");
        // What succeeds after a repetition gives back its price, and else a little.
        let mut retries = Retries::new(Mode::Standard, 3);
        for _ in 0..100 {
            assert_eq!(retries.after(Outcome::Unreachable, 0.0), again(0));
            retries.after(Outcome::Answered, 0.0);
        }
    }
}
