//! Damage to rows that follow from histories: found, and repaired to what was there.

use super::*;
use crate::values;
use wire::{RunId, WorkflowExecutionInfo};

/// The tables whose rows follow from histories alone.
const PROJECTIONS: [Table; 8] = [
    Table::Run,
    Table::OpenRun,
    Table::Task,
    Table::Wake,
    Table::Lambda,
    Table::Open,
    Table::ClosedByStart,
    Table::ClosedByClose,
];

#[test]
fn a_row_that_is_lost_is_put_back() {
    let whole = rows(&store());
    for table in PROJECTIONS {
        for (key, _) in of(&whole, table) {
            let memory = with(&whole);
            edit(&memory, &key, None);
            is_mended(&memory, &whole, |what| matches!(what, What::Missing { .. }), table);
        }
    }
}

#[test]
fn a_row_that_holds_something_else_is_put_right() {
    let whole = rows(&store());
    for table in PROJECTIONS {
        for (key, value) in of(&whole, table) {
            for other in [Vec::new(), vec![2, 1], [value.as_slice(), b"}"].concat()] {
                let memory = with(&whole);
                edit(&memory, &key, Some(other));
                is_mended(&memory, &whole, |what| matches!(what, What::Different { .. }), table);
            }
        }
    }
}

/// Whether a task is held back, and what lists say, is in the value.
#[test]
fn a_row_that_says_something_else_is_put_right() {
    let whole = rows(&store());
    for (key, value) in of(&whole, Table::Task) {
        let memory = with(&whole);
        edit(&memory, &key, Some(vec![1, 1 - value[1]]));
        is_mended(&memory, &whole, |what| matches!(what, What::Different { .. }), Table::Task);
    }
    for table in [Table::Open, Table::ClosedByStart, Table::ClosedByClose] {
        for (key, value) in of(&whole, table) {
            let mut info: WorkflowExecutionInfo = values::parse_json(&value).expect("it is whole");
            info.workflow_type.version = "2".into();
            let memory = with(&whole);
            edit(&memory, &key, Some(values::json(&info)));
            is_mended(&memory, &whole, |what| matches!(what, What::Different { .. }), table);
        }
    }
}

/// As another build may have written it.
#[test]
fn a_row_in_another_form_that_says_the_same_is_right() {
    let whole = rows(&store());
    let (key, value) = of(&whole, Table::Open).pop_first().expect("an open run");
    let memory = with(&whole);
    edit(&memory, &key, Some([&value[..2], b" ", &value[2..]].concat()));
    assert_eq!(look(&memory), []);
}

#[test]
fn a_row_that_follows_from_no_history_goes() {
    let whole = rows(&store_with_snapshot());
    let stranger = RunId::from("stranger");
    let is_stray = |what: &What| matches!(what, What::Stray { .. });
    for table in PROJECTIONS.into_iter().chain([Table::Heartbeat, Table::Snapshot]) {
        let ((shard, key), value) = of(&whole, table).pop_first().expect("every table has rows");
        // Something behind the key of a row.
        let memory = with(&whole);
        edit(&memory, &(shard, [key.as_slice(), b"x"].concat()), Some(value.clone()));
        is_mended(&memory, &whole, is_stray, table);
        // The row of a run that is not there.
        let Some(run_id) = table.run_of(&key) else { continue };
        let run_id = run_id.as_str().as_bytes();
        let at = key.windows(run_id.len()).position(|part| part == run_id);
        let at = at.expect("the key names its run");
        let behind = &key[at + run_id.len()..];
        let strange = [&key[..at], stranger.as_str().as_bytes(), behind].concat();
        let memory = with(&whole);
        edit(&memory, &(shard, strange), Some(value));
        is_mended(&memory, &whole, is_stray, table);
    }
}

#[test]
fn the_open_run_of_a_closed_workflow_goes() {
    let whole = rows(&store());
    for (key, value) in of(&whole, Table::ClosedByStart) {
        let info: WorkflowExecutionInfo = values::parse_json(&value).expect("it is whole");
        if info.close_status == Some(wire::CloseStatus::ContinuedAsNew) {
            continue;
        }
        let workflow = engine::rows::WorkflowKey {
            scope: crate::tests::fixture::scope(),
            domain: "d".into(),
            workflow_id: info.execution.workflow_id,
        };
        let open = keys::row(&engine::rows::Key::OpenRun(workflow));
        for named in [info.execution.run_id, "stranger".into()] {
            let memory = with(&whole);
            edit(&memory, &(key.0, open.clone()), Some(values::json(&named)));
            let is_stray = |what: &What| matches!(what, What::Stray { .. });
            is_mended(&memory, &whole, is_stray, Table::OpenRun);
        }
    }
}

/// Heartbeats are not in the history. What cannot be read is as good as none: the activity's clock
/// goes on from its start, and the wake-up with it.
#[test]
fn a_heartbeat_that_is_damaged_goes_and_the_wake_up_follows() {
    let memory = store();
    let (key, _) = of(&rows(&memory), Table::Heartbeat).pop_first().expect("a heartbeat");
    edit(&memory, &key, Some(vec![1]));
    let found = look(&memory);
    let tables: Vec<Option<Table>> = found.iter().map(|finding| finding.table).collect();
    let expected = [Table::Wake, Table::Wake, Table::Heartbeat].map(Some);
    assert_eq!(tables, expected, "{found:#?}");
    assert!(repair(&memory).iter().all(|finding| finding.repaired));
    assert_eq!(look(&memory), []);
    assert!(of(&rows(&memory), Table::Heartbeat).is_empty());
}

#[test]
fn whole_tables_that_are_lost_are_put_back() {
    let whole = rows(&store());
    for table in PROJECTIONS {
        let memory = with(&whole);
        let lost = of(&whole, table);
        lost.keys().for_each(|key| edit(&memory, key, None));
        assert_eq!(look(&memory).len(), lost.len(), "{table}");
        assert!(repair(&memory).iter().all(|finding| finding.repaired), "{table}");
        assert!(rows(&memory) == whole, "{table}");
    }
    // All at once, but for the one that tells whose the histories are.
    let memory = with(&whole);
    for table in PROJECTIONS.into_iter().filter(|table| *table != Table::Run) {
        of(&whole, table).keys().for_each(|key| edit(&memory, key, None));
    }
    repair(&memory);
    assert!(rows(&memory) == whole);
}

#[test]
fn the_number_of_open_executions_is_put_right() {
    let whole = rows(&store());
    let (key, _) = of(&whole, Table::OpenCount).pop_first().expect("something is open");
    for wrong in [values::json(&77), vec![1]] {
        let memory = with(&whole);
        edit(&memory, &key, Some(wrong));
        let is_different = |what: &What| matches!(what, What::Different { .. });
        is_mended(&memory, &whole, is_different, Table::OpenCount);
    }
    let scope = crate::tests::fixture::scope();
    let other = (key.0, keys::open_count(&scope, &"other".into()));
    let memory = with(&whole);
    edit(&memory, &other, Some(values::json(&1)));
    is_mended(&memory, &whole, |what| matches!(what, What::Stray { .. }), Table::OpenCount);
    let memory = with(&whole);
    edit(&memory, &other, Some(values::json(&1)));
    edit(&memory, &key, None);
    let found = look(&memory);
    assert!(matches!(
        found.iter().map(|finding| &finding.what).collect::<Vec<_>>()[..],
        [What::Stray { .. }, What::Missing { .. }]
    ));
    assert!(repair(&memory).iter().all(|finding| finding.repaired));
    assert!(rows(&memory) == whole);
}

/// As an earlier build has left them; the next commit of the shard brings them.
#[test]
fn a_shard_without_any_number_of_open_executions_is_right() {
    let whole = rows(&store());
    let memory = with(&whole);
    of(&whole, Table::OpenCount).keys().for_each(|key| edit(&memory, key, None));
    assert_eq!(look(&memory), []);
}
