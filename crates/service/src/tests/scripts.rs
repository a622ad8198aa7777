//! Wire scripts: what callers say, and what they hear.

use super::client::check;

#[test]
fn domains_are_registered_described_deprecated_and_brought_back() {
    check(
        r#"
        RegisterDomain {"name": "e", "workflowExecutionRetentionPeriodInDays": "NONE", "description": "E", "tags": [{"key": "k", "value": "v"}]}
        => ok
        RegisterDomain {"name": "e", "workflowExecutionRetentionPeriodInDays": "7"}
        => DomainAlreadyExistsFault e
        RegisterDomain {"name": "", "workflowExecutionRetentionPeriodInDays": "7"}
        => ValidationException
        DescribeDomain {"name": "e"}
        => {"domainInfo": {"name": "e", "status": "REGISTERED", "description": "E", "arn": "arn:aws:swf:us-east-1:123456789012:/domain/e"}, "configuration": {"workflowExecutionRetentionPeriodInDays": "NONE"}}
        DescribeDomain {"name": "f"}
        => UnknownResourceFault Unknown domain: f
        ListTagsForResource {"resourceArn": "arn:aws:swf:us-east-1:123456789012:/domain/e"}
        => {"tags": [{"key": "k", "value": "v"}]}
        UntagResource {"resourceArn": "arn:aws:swf:us-east-1:123456789012:/domain/e", "tagKeys": ["k"]}
        => ok
        ListTagsForResource {"resourceArn": "arn:aws:swf:us-east-1:123456789012:/domain/e"}
        => {"tags": []}
        TagResource {"resourceArn": "arn:aws:swf:eu-west-1:123456789012:/domain/e", "tags": [{"key": "k"}]}
        => UnknownResourceFault
        DeprecateDomain {"name": "d"}
        => ok
        DeprecateDomain {"name": "d"}
        => DomainDeprecatedFault d
        StartWorkflowExecution {"domain": "d", "workflowId": "w", "workflowType": {"name": "w", "version": "1"}}
        => TypeDeprecatedFault
        ListDomains {"registrationStatus": "DEPRECATED"}
        => {"domainInfos": [{"name": "d", "...": 0}]}
        ListDomains {"registrationStatus": "REGISTERED"}
        => {"domainInfos": [{"name": "e", "...": 0}]}
        UndeprecateDomain {"name": "d"}
        => ok
        ListDomains {"registrationStatus": "REGISTERED", "reverseOrder": true, "maximumPageSize": 1}
        => {"domainInfos": [{"name": "e", "...": 0}], "nextPageToken": "$page"}
        ListDomains {"registrationStatus": "REGISTERED", "reverseOrder": true, "nextPageToken": "$page"}
        => {"domainInfos": [{"name": "d", "...": 0}]}
        ListDomains {"registrationStatus": "REGISTERED", "nextPageToken": "$page"}
        => ValidationException Invalid token
        "#,
    );
}

#[test]
fn types_are_registered_deprecated_and_deleted() {
    check(
        r#"
        RegisterActivityType {"domain": "d", "name": "a", "version": "1"}
        => TypeAlreadyExistsFault ActivityType=[name=a, version=1]
        RegisterActivityType {"domain": "d", "name": "a", "version": "2", "defaultTaskPriority": "-5"}
        => ok
        DescribeActivityType {"domain": "d", "activityType": {"name": "a", "version": "2"}}
        => {"typeInfo": {"activityType": {"name": "a", "version": "2"}, "status": "REGISTERED", "creationDate": 1000}, "configuration": {"defaultTaskPriority": "-5"}}
        DeleteActivityType {"domain": "d", "activityType": {"name": "a", "version": "2"}}
        => TypeNotDeprecatedFault
        Advance 5
        DeprecateActivityType {"domain": "d", "activityType": {"name": "a", "version": "2"}}
        => ok
        ListActivityTypes {"domain": "d", "registrationStatus": "DEPRECATED", "name": "a"}
        => {"typeInfos": [{"activityType": {"name": "a", "version": "2"}, "status": "DEPRECATED", "creationDate": 1000, "deprecationDate": 1005}]}
        DeleteActivityType {"domain": "d", "activityType": {"name": "a", "version": "2"}}
        => ok
        DescribeActivityType {"domain": "d", "activityType": {"name": "a", "version": "2"}}
        => UnknownResourceFault Unknown type: ActivityType=[name=a, version=2]
        RegisterWorkflowType {"domain": "d", "name": "w", "version": "0"}
        => ok
        ListWorkflowTypes {"domain": "d", "registrationStatus": "REGISTERED", "maximumPageSize": 1}
        => {"typeInfos": [{"workflowType": {"name": "w", "version": "0"}, "...": 0}], "nextPageToken": "$page"}
        ListWorkflowTypes {"domain": "d", "registrationStatus": "REGISTERED", "maximumPageSize": 1, "nextPageToken": "$page"}
        => {"typeInfos": [{"workflowType": {"name": "w", "version": "1"}, "...": 0}]}
        ListWorkflowTypes {"domain": "d", "registrationStatus": "REGISTERED", "name": "other"}
        => {"typeInfos": []}
        StartWorkflowExecution {"domain": "d", "workflowId": "w", "workflowType": {"name": "w", "version": "0"}}
        => DefaultUndefinedFault executionStartToCloseTimeout
        "#,
    );
}

#[test]
fn a_workflow_from_its_start_to_its_end() {
    check(
        r#"
        StartWorkflowExecution {"domain": "d", "workflowId": "w1", "workflowType": {"name": "w", "version": "1"}, "input": "in", "tagList": ["t"]}
        => {"runId": "$run"}
        StartWorkflowExecution {"domain": "d", "workflowId": "w1", "workflowType": {"name": "w", "version": "1"}}
        => WorkflowExecutionAlreadyStartedFault
        CountPendingDecisionTasks {"domain": "d", "taskList": {"name": "deciders"}}
        => {"count": 1, "truncated": false}
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}, "identity": "me"}
        => {"taskToken": "$decision", "startedEventId": 3, "previousStartedEventId": 0, "workflowExecution": {"workflowId": "w1", "runId": "$run"}, "workflowType": {"name": "w", "version": "1"}, "events": [{"eventId": 1, "eventType": "WorkflowExecutionStarted", "...": 0}, {"eventId": 2, "eventType": "DecisionTaskScheduled", "...": 0}, {"eventId": 3, "eventType": "DecisionTaskStarted", "eventTimestamp": 1000, "decisionTaskStartedEventAttributes": {"scheduledEventId": 2, "identity": "me"}}]}
        SignalWorkflowExecution {"domain": "d", "workflowId": "w1", "signalName": "s"}
        => ok
        CountPendingDecisionTasks {"domain": "d", "taskList": {"name": "deciders"}}
        => {"count": 1, "truncated": false}
        Advance 10
        RespondActivityTaskCompleted {"taskToken": "$decision"}
        => ValidationException Invalid token
        RespondDecisionTaskCompleted {"taskToken": "$decision"}
        => UnknownResourceFault
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}}
        => {"taskToken": "$decision2", "startedEventId": 7, "previousStartedEventId": 0, "...": 0}
        RespondDecisionTaskCompleted {"taskToken": "$decision2", "executionContext": "here", "decisions": [{"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": {"activityId": "a1", "activityType": {"name": "a", "version": "1"}, "input": "x"}}]}
        => ok
        CountPendingActivityTasks {"domain": "d", "taskList": {"name": "workers"}}
        => {"count": 1, "truncated": false}
        PollForActivityTask {"domain": "d", "taskList": {"name": "workers"}}
        => {"taskToken": "$activity", "activityId": "a1", "startedEventId": 10, "workflowExecution": {"workflowId": "w1", "runId": "$run"}, "activityType": {"name": "a", "version": "1"}, "input": "x"}
        CountPendingActivityTasks {"domain": "d", "taskList": {"name": "workers"}}
        => {"count": 0, "truncated": false}
        RecordActivityTaskHeartbeat {"taskToken": "$activity", "details": "half"}
        => {"cancelRequested": false}
        DescribeWorkflowExecution {"domain": "d", "execution": {"workflowId": "w1", "runId": "$run"}}
        => {"executionInfo": {"execution": {"workflowId": "w1", "runId": "$run"}, "executionStatus": "OPEN", "cancelRequested": false, "tagList": ["t"], "startTimestamp": 1000, "workflowType": {"name": "w", "version": "1"}}, "openCounts": {"openActivityTasks": 1, "openDecisionTasks": 0, "openTimers": 0, "openChildWorkflowExecutions": 0, "openLambdaFunctions": 0}, "latestExecutionContext": "here", "...": 0}
        RespondActivityTaskCompleted {"taskToken": "$activity", "result": "y"}
        => ok
        RespondActivityTaskCompleted {"taskToken": "$activity", "result": "y"}
        => UnknownResourceFault Unknown activity, scheduledEventId = 9
        PollForActivityTask {"domain": "d", "taskList": {"name": "workers"}}
        => expires
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}}
        => {"taskToken": "$decision3", "startedEventId": 13, "...": 0}
        RespondDecisionTaskCompleted {"taskToken": "$decision3", "decisions": [{"decisionType": "CompleteWorkflowExecution", "completeWorkflowExecutionDecisionAttributes": {"result": "z"}}]}
        => ok
        "#,
    );
}

#[test]
fn a_timer_fires_when_its_shard_looks_at_the_clock() {
    check(
        r#"
        StartWorkflowExecution {"domain": "d", "workflowId": "w1", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$run"}
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}}
        => {"taskToken": "$decision", "...": 0}
        RespondDecisionTaskCompleted {"taskToken": "$decision", "decisions": [{"decisionType": "StartTimer", "startTimerDecisionAttributes": {"timerId": "t", "startToFireTimeout": "500"}}]}
        => ok
        Advance 499
        DescribeWorkflowExecution {"domain": "d", "execution": {"workflowId": "w1", "runId": "$run"}}
        => {"openCounts": {"openTimers": 1, "openDecisionTasks": 0, "...": 0}, "...": 0}
        Advance 1
        DescribeWorkflowExecution {"domain": "d", "execution": {"workflowId": "w1", "runId": "$run"}}
        => {"openCounts": {"openTimers": 0, "openDecisionTasks": 1, "...": 0}, "...": 0}
        PollForDecisionTask {"domain": "d", "taskList": {"name": "deciders"}, "startAtPreviousStartedEvent": true}
        => {"events": [{"eventId": 3, "...": 0}, {"eventId": 4, "...": 0}, {"eventId": 5, "...": 0}, {"eventType": "TimerFired", "eventTimestamp": 1500, "...": 0}, {"eventId": 7, "...": 0}, {"eventId": 8, "...": 0}], "previousStartedEventId": 3, "...": 0}
        "#,
    );
}

#[test]
fn runs_and_domains_that_do_not_exist_are_unknown() {
    check(
        r#"
        SignalWorkflowExecution {"domain": "x", "workflowId": "w1", "signalName": "s"}
        => UnknownResourceFault Unknown domain: x
        SignalWorkflowExecution {"domain": "d", "workflowId": "w1", "signalName": "s"}
        => UnknownResourceFault Unknown execution, workflowId = w1
        TerminateWorkflowExecution {"domain": "d", "workflowId": "w1", "runId": "r"}
        => UnknownResourceFault Unknown execution: WorkflowExecution=[workflowId=w1, runId=r]
        PollForActivityTask {"domain": "x", "taskList": {"name": "l"}}
        => UnknownResourceFault Unknown domain: x
        CountPendingDecisionTasks {"domain": "x", "taskList": {"name": "l"}}
        => UnknownResourceFault Unknown domain: x
        GetWorkflowExecutionHistory {"domain": "d", "execution": {"workflowId": "w1", "runId": "r"}}
        => UnknownResourceFault Unknown execution: WorkflowExecution=[workflowId=w1, runId=r]
        ListOpenWorkflowExecutions {"domain": "x", "startTimeFilter": {"oldestDate": 0}}
        => UnknownResourceFault Unknown domain: x
        StartWorkflowExecution {"domain": "d", "workflowId": "w1", "workflowType": {"name": "w", "version": "1"}}
        => {"runId": "$run"}
        GetWorkflowExecutionHistory {"domain": "d", "execution": {"workflowId": "w2", "runId": "$run"}}
        => UnknownResourceFault
        RequestCancelWorkflowExecution {"domain": "d", "workflowId": "w1"}
        => ok
        TerminateWorkflowExecution {"domain": "d", "workflowId": "w1", "runId": "$run", "reason": "enough"}
        => ok
        TerminateWorkflowExecution {"domain": "d", "workflowId": "w1", "runId": "$run"}
        => UnknownResourceFault
        "#,
    );
}
