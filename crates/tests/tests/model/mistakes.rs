//! What an engineer who knows other workflow engines, or misreads the documentation, gets wrong.
//! The model can be told to make each of these mistakes; the comparison has to notice.

/// A mistake of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// What happens while a decider works is written after it is done.
    BuffersEvents,
    /// The next decision task is scheduled after the present one is completed.
    SchedulesLate,
    /// Each event brings a decision task, though one waits.
    SecondDecisionTask,
    /// A new run continues with the old one's settings, not with those of its type.
    InheritsSettings,
    /// A child policy takes effect when the parent completes.
    PolicyOnComplete,
    /// A decision task names the one before as the previous, though that one timed out.
    PreviousTimedOut,
    /// A decider that decides nothing gets another decision task.
    EmptyAnswerIsNews,
    /// Markers bring a decision task.
    MarkersAreNews,
    /// The start of a function brings a decision task.
    StartedFunctionsAreNews,
    /// The id of a Lambda task that is open cannot be used again.
    LambdaIdsOnce,
    /// A function that is given nothing gets an empty text.
    NoInputIsEmpty,
    /// A heartbeat gives an activity task more time to be completed.
    HeartbeatExtends,
    /// An activity id cannot be used again.
    ActivityIdsOnce,
    /// An execution with open activity tasks cannot be completed.
    OpenWorkBlocksClose,
    /// A closed execution has no open tasks or timers.
    ClearsCounts,
    /// A child that continues as new is nobody's child.
    LosesParent,
    /// A child's events name its Initiated event as its Started one.
    InitiatedForStarted,
    /// Cancelling an execution asks its workers to cancel.
    CancelReachesWorkers,
    /// A moved decision task that nobody takes in time is moved again.
    KeepsOverride,
    /// A batch with a close in its midst is carried out up to there.
    AcceptsPrefix,
    /// What waits longest is handed out first, whatever its priority.
    IgnoresPriority,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 21] = [
        Mistake::BuffersEvents,
        Mistake::SchedulesLate,
        Mistake::SecondDecisionTask,
        Mistake::InheritsSettings,
        Mistake::PolicyOnComplete,
        Mistake::PreviousTimedOut,
        Mistake::EmptyAnswerIsNews,
        Mistake::MarkersAreNews,
        Mistake::StartedFunctionsAreNews,
        Mistake::LambdaIdsOnce,
        Mistake::NoInputIsEmpty,
        Mistake::HeartbeatExtends,
        Mistake::ActivityIdsOnce,
        Mistake::OpenWorkBlocksClose,
        Mistake::ClearsCounts,
        Mistake::LosesParent,
        Mistake::InitiatedForStarted,
        Mistake::CancelReachesWorkers,
        Mistake::KeepsOverride,
        Mistake::AcceptsPrefix,
        Mistake::IgnoresPriority,
    ];
}
