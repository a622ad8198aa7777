//! `tidewheel backup`: of a data directory, of a running server, and back.

use super::{Server, WAIT_SECONDS_MAX, answer, bounded, check, run, scratch, text, tidewheel};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::embedded::{Embedded, Options};
use store::{Batch, ShardId, Store};

fn backup(words: &[&str], paths: &[&Path]) -> Command {
    let mut command = tidewheel(&["backup"]);
    command.args(words).args(paths);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
}

fn create(repository: &Path, data_dir: &Path) -> Command {
    let mut command = backup(&["create"], &[repository]);
    command.arg("--data-dir").arg(data_dir);
    command
}

fn restore(repository: &Path, target: &Path) -> Command {
    let mut command = backup(&["restore"], &[repository]);
    command.arg("--data-dir").arg(target);
    command
}

#[track_caller]
fn succeeds(command: Command) -> String {
    let output = run(command);
    let (says, complains) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), complains.as_str()), (Some(0), ""), "{says}");
    says
}

#[track_caller]
fn fails(command: Command, code: i32, words: &str) {
    let output: Output = run(command);
    let (says, complains) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{says}{complains}");
    assert!((says + &complains).contains(words), "{complains}");
}

#[track_caller]
fn call(server: &Server, operation: &str, body: &str) -> String {
    let answer = answer(server.call(operation, body));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
}

/// A domain, a type, and an execution whose first decision task waits.
fn begin(server: &Server) {
    call(server, "RegisterDomain", r#"{"name":"d","workflowExecutionRetentionPeriodInDays":"7"}"#);
    let type_ = r#"{"domain":"d","name":"w","version":"1","defaultTaskList":{"name":"l"},
        "defaultChildPolicy":"TERMINATE","defaultTaskStartToCloseTimeout":"NONE",
        "defaultExecutionStartToCloseTimeout":"1000"}"#;
    call(server, "RegisterWorkflowType", type_);
    start(server, "1");
}

fn start(server: &Server, workflow_id: &str) {
    let type_ = r#""workflowType":{"name":"w","version":"1"}"#;
    let body = format!(r#"{{"domain":"d","workflowId":"{workflow_id}",{type_}}}"#);
    call(server, "StartWorkflowExecution", &body);
}

/// Polls and completes the one execution that has a decision task.
fn complete(server: &Server) {
    let task = call(server, "PollForDecisionTask", r#"{"domain":"d","taskList":{"name":"l"}}"#);
    let token = task.split("\"taskToken\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let token = token.expect(&task);
    let decisions = r#"[{"decisionType":"CompleteWorkflowExecution",
        "completeWorkflowExecutionDecisionAttributes":{"result":"done"}}]"#;
    let body = format!(r#"{{"taskToken":"{token}","decisions":{decisions}}}"#);
    call(server, "RespondDecisionTaskCompleted", &body);
}

fn stop(server: Server) {
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_stopped_server_is_backed_up_and_goes_on_where_it_is_restored() {
    let dir = scratch();
    let [data, backups, target] = ["data", "backups", "target"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    begin(&server);
    fails(create(&backups, &data), 1, "leave --data-dir out and make the backup through it");
    stop(server);

    let says = succeeds(create(&backups, &data));
    assert!(says.starts_with("made backup 20") && says.contains(" chunks are new, "), "{says}");
    let again = succeeds(create(&backups, &data));
    assert!(again.contains("; 0 of "), "nothing has changed: {again}");
    let listed = succeeds(backup(&["list"], &[&backups]));
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let id = id_of(&says);
    assert!(listed.lines().next().expect(&listed).starts_with(id), "{listed}");
    let mut verify = backup(&["verify"], &[&backups]);
    verify.arg(id);
    let verified = succeeds(verify);
    assert!(verified.contains(" chunks are as they were made, "), "{verified}");
    // Shards and rows are counted alike.
    let counts = says.split_once(": ").and_then(|(_, rest)| rest.split_once(" rows, "));
    let (shards, rows) = counts.and_then(|(counts, _)| counts.split_once(", ")).expect(&says);
    let agrees = format!("\nchecked {shards}, 1 runs, 2 events, {rows} rows: all agree\n");
    assert!(verified.ends_with(&agrees), "{verified}{agrees}");

    let restored = succeeds(restore(&backups, &target));
    assert!(restored.starts_with("restored backup 20"), "{restored}");
    assert!(restored.contains("The master key is in no backup: "), "{restored}");
    let checked = check(&target, &[]);
    assert!(text(&checked.stdout).ends_with(" rows: all agree\n"), "{checked:?}");
    let server = Server::start(&target);
    complete(&server);
    start(&server, "1");
    complete(&server);
    stop(server);
    let checked = check(&target, &[]);
    assert!(text(&checked.stdout).ends_with(" rows: all agree\n"), "{checked:?}");
    let pruned = succeeds(backup(&["prune", "--keep", "1"], &[&backups]));
    assert!(pruned.starts_with(&format!("removed backup {id}\n")), "{pruned}");
}

fn create_of(repository: &Path, server: &Server) -> Command {
    let mut command = backup(&["create"], &[repository]);
    command.env("TIDEWHEEL_ENDPOINT_URL", format!("http://{}", server.address));
    command.env("HOME", repository);
    command
}

/// Backups of a server while workflows run through it; each agrees with itself, and goes on.
#[test]
fn a_running_server_is_backed_up_while_workflows_run() {
    let dir = scratch();
    let [data, backups] = ["data", "backups"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    begin(&server);
    let is_done = AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 2.. {
                if is_done.load(Ordering::Acquire) {
                    break;
                }
                start(&server, &number.to_string());
                complete(&server);
            }
        });
        let made = [(); 3].map(|()| run(create_of(&backups, &server)));
        is_done.store(true, Ordering::Release);
        made
    });
    for output in made {
        let says = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{says}{}", text(&output.stderr));
        let id = id_of(&says);
        let mut verify = backup(&["verify"], &[&backups]);
        verify.arg(id);
        let verified = succeeds(verify);
        assert!(verified.ends_with(" rows: all agree\n"), "{verified}");
    }
    stop(server);
    let target = dir.path().join("target");
    succeeds(restore(&backups, &target));
    let server = Server::start(&target);
    // What was open at the time of the backup waits for its decider.
    complete(&server);
    start(&server, "later");
    complete(&server);
    stop(server);
    let checked = check(&target, &[]);
    assert!(text(&checked.stdout).ends_with(" rows: all agree\n"), "{checked:?}");
}

#[test]
fn a_server_that_does_not_answer_leaves_no_backup() {
    let dir = scratch();
    let [data, backups] = ["data", "backups"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    let command = create_of(&backups, &server);
    stop(server);
    fails(command, 1, "Could not connect to the endpoint URL");
    assert!(!backups.exists(), "nothing is made");
}

#[track_caller]
fn lists_none(repository: &Path) {
    let output = run(backup(&["list"], &[repository]));
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), ""));
    assert!(text(&output.stderr).ends_with(" holds no backup\n"), "{}", text(&output.stderr));
}

/// Files cannot grow beyond 16 KiB or so, as where the disk is full; a chunk is larger.
#[test]
fn a_full_disk_leaves_no_backup_and_the_next_create_goes_on() {
    let dir = scratch();
    let [data, backups] = ["data", "backups"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    begin(&server);
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:016x}", state)
    })
    .take(2_000)
    .collect();
    let body = format!(
        r#"{{"domain":"d","workflowId":"large","input":"{noise}","workflowType":{{"name":"w","version":"1"}}}}"#
    );
    call(&server, "StartWorkflowExecution", &body);
    let command = create_of(&backups, &server);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    limited.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = run(limited);
    let complains = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complains}");
    assert!(
        complains.contains("cannot write ") && complains.contains("; no backup was made, and ")
    );
    lists_none(&backups);
    assert_eq!(fs::read_dir(backups.join("tmp")).expect("a directory").count(), 0, "no part stays");
    let says = succeeds(create_of(&backups, &server));
    assert!(says.contains(" chunks are new, ") && !says.contains("; 0 of "), "{says}");
    stop(server);
    let verified = succeeds(backup(&["verify"], &[&backups]));
    assert!(verified.ends_with(" rows: all agree\n"), "{verified}");
}

/// Whoever reads that there is none makes another, or gives up.
#[test]
fn a_backup_that_cannot_be_told_of_is_there_and_not_denied() {
    let dir = scratch();
    let [data, backups] = ["data", "backups"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    begin(&server);
    let full = || fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let made_untold = |mut command: Command| {
        command.stdout(full()).stderr(Stdio::piped());
        let child = command.spawn().expect("the binary starts");
        let output = bounded(|| child.wait_with_output().expect("the process ends"));
        assert_eq!(output.status.code(), Some(1));
        let why = text(&output.stderr);
        assert!(why.starts_with("tidewheel: cannot write to standard output: "), "{why}");
        assert!(!why.contains("no backup was made"), "{why}");
        succeeds(backup(&["list"], &[&backups])).lines().count()
    };
    assert_eq!(made_untold(create_of(&backups, &server)), 1);
    stop(server);
    assert_eq!(made_untold(create(&backups, &data)), 2);
}

/// Rows that nobody knows are in backups, too; so many that it takes a while.
#[test]
fn a_server_that_dies_meanwhile_leaves_no_backup_and_the_next_create_goes_on() {
    let dir = scratch();
    let [data, backups] = ["data", "backups"].map(|name| dir.path().join(name));
    fill(&data);
    let server = Server::start(&data);
    let mut command = create_of(&backups, &server);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let chunks = backups.join("chunks");
    let begin = Instant::now();
    while fs::read_dir(&chunks).map_or(0, Iterator::count) < 2 {
        assert!(begin.elapsed() < Duration::from_secs(WAIT_SECONDS_MAX), "it does not begin");
        std::thread::yield_now();
    }
    server.signal("KILL");
    server.wait();
    let output = bounded(|| child.wait_with_output().expect("the process ends"));
    let complains = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{}{complains}", text(&output.stdout));
    assert!(complains.contains("; no backup was made, and what was written of it"), "{complains}");
    lists_none(&backups);
    let says = succeeds(create(&backups, &data));
    let new = says.split_once("; ").and_then(|(_, rest)| rest.split_once(" chunks are new, "));
    let (new, all) = new.and_then(|(counts, _)| counts.split_once(" of ")).expect(&says);
    let [new, all] = [new, all].map(|count| count.parse::<u64>().expect("a number"));
    assert!(0 < new && new < all, "what was written is used: {says}");
}

fn id_of(says: &str) -> &str {
    says.split([' ', ':']).nth(2).expect(says)
}

/// One that is damaged hides none of the others, and nothing that it may need goes.
#[test]
fn a_damaged_backup_is_listed_beside_the_others() {
    let dir = scratch();
    let [data, backups, target] = ["data", "backups", "target"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    begin(&server);
    let first = succeeds(create_of(&backups, &server));
    start(&server, "2");
    let second = succeeds(create_of(&backups, &server));
    let [first, second] = [&first, &second].map(|says| id_of(says));
    let manifest = |id: &str| backups.join("manifests").join(format!("{id}.json"));
    let whole = fs::read_to_string(manifest(second)).expect("a manifest");
    fs::write(manifest(second), &whole[..whole.len() / 2]).expect("it is ours");

    let output = run(backup(&["list"], &[&backups]));
    let listed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{listed}");
    let lines: Vec<&str> = listed.lines().collect();
    let [one, other] = lines[..] else { panic!("{listed}") };
    assert!(one.starts_with(first) && one.contains(" rows  "), "{one}");
    let says = format!("{second}  cannot be read: {} is damaged: ", manifest(second).display());
    assert!(other.starts_with(&says), "{other}");
    assert!(text(&output.stderr).contains("1 backup cannot be read; prune removes nothing while"));
    for keep in ["1", "2"] {
        fails(backup(&["prune", "--keep", keep], &[&backups]), 1, "nothing was removed: ");
    }
    fails(
        restore(&backups, &target),
        1,
        "It is the newest; tidewheel backup list shows the others",
    );
    assert!(!target.exists(), "nothing is begun");

    // The next one is whole, and the older one as it was.
    succeeds(create_of(&backups, &server));
    stop(server);
    fails(backup(&["prune", "--keep", "2"], &[&backups]), 1, "To give it up, remove ");
    for id in [None, Some(first)] {
        let mut verify = backup(&["verify"], &[&backups]);
        verify.args(id);
        let verified = succeeds(verify);
        assert!(verified.ends_with(" rows: all agree\n"), "{verified}");
    }
    fs::remove_file(manifest(second)).expect("it is ours");
    let pruned = succeeds(backup(&["prune", "--keep", "1"], &[&backups]));
    assert!(pruned.starts_with(&format!("removed backup {first}\n")), "{pruned}");
    succeeds(backup(&["verify"], &[&backups]));
}

#[test]
fn ids_that_stand_for_several_backups_or_none_are_told_which_there_are() {
    let dir = scratch();
    let [data, backups] = ["data", "backups"].map(|name| dir.path().join(name));
    stop(Server::start(&data));
    let made = [(); 2].map(|()| succeeds(create(&backups, &data)));
    let [first, second] = [&made[0], &made[1]].map(|says| id_of(says));
    for verb in ["verify", "restore"] {
        let named = |id: &str| {
            let mut command = backup(&[verb], &[&backups]);
            command.arg(id);
            if verb == "restore" {
                command.arg("--data-dir").arg(dir.path().join("target"));
            }
            command
        };
        let several = format!("2 backups that \"20\" stands for: {first}, {second}; name one");
        fails(named("20"), 2, &several);
        let none = format!("no backup that \"1999\" stands for; the nearest: {second}, {first}\n");
        fails(named("1999"), 2, &none);
    }
    assert!(!dir.path().join("target").exists());
}

/// A server keeps its directory, and a backup of a later build is left to that.
#[test]
fn nothing_is_restored_over_a_server_or_of_a_later_build() {
    let dir = scratch();
    let [data, backups, target] = ["data", "backups", "target"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    begin(&server);
    let says = succeeds(create_of(&backups, &server));
    let in_use = format!("is in use by process {}", server.process_id);
    fails(restore(&backups, &data), 1, &in_use);
    complete(&server);
    stop(server);
    let manifests = backups.join("manifests");
    let path = manifests.join(format!("{}.json", id_of(&says)));
    let json = fs::read_to_string(path).expect("a manifest");
    let later = json.replace("\"store_format\":1", "\"store_format\":2");
    // And made while a clock was far ahead.
    let later = later.replace("\"taken_at\":\"20", "\"taken_at\":\"90");
    assert!(later.contains("\"store_format\":2") && later.contains("\"taken_at\":\"90"), "{later}");
    let as_stored = manifests.join("later");
    fs::write(&as_stored, later).expect("it is ours");
    let output =
        Command::new("sha256sum").arg(&as_stored).output().expect("a tool of every system");
    let digest = &text(&output.stdout)[..16];
    let time = id_of(&says).split('-').next().expect("a time");
    let id = format!("90{}-{digest}", &time[2..]);
    fs::rename(as_stored, manifests.join(format!("{id}.json"))).expect("it is ours");
    let mut command = restore(&backups, &target);
    command.arg(&id);
    fails(command, 1, "the backup is of store format 2; this build reads 1");
    assert!(!target.exists(), "nothing is begun");
    let output = run(create(&backups, &data));
    let (says, complains) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{complains}");
    assert!(says.starts_with("made backup 20"), "{says}");
    assert!(complains.contains(&format!("backup {id} counts as newer: ")), "{complains}");
}

#[test]
fn what_is_not_there_or_in_the_way_is_said() {
    let dir = scratch();
    let [data, backups, none] = ["data", "backups", "none"].map(|name| dir.path().join(name));
    fails(create(&backups, &data), 2, "holds no data: it has no file VERSION");
    assert!(!backups.exists(), "no repository is made for nothing");
    for words in ["verify", "list"] {
        fails(backup(&[words], &[&none]), 2, "is no backup repository");
    }
    fails(backup(&["prune", "--keep", "1"], &[&none]), 2, "is no backup repository");
    assert!(!none.exists());
    fails(backup(&["prune", "--keep", "0"], &[&none]), 2, "--keep");
    stop(Server::start(&data));
    succeeds(create(&backups, &data));
    fails(restore(&backups, &data), 2, "is not empty");
    let mut unknown = backup(&["verify"], &[&backups]);
    unknown.arg("1999");
    fails(unknown, 2, "holds no backup that \"1999\" stands for; the nearest: 20");
    let chunk = fs::read_dir(backups.join("chunks")).expect("chunks").next().expect("a chunk");
    let chunk = fs::read_dir(chunk.expect("it is read").path()).expect("chunks").next();
    let chunk = chunk.expect("a chunk").expect("it is read").path();
    let mut bytes = fs::read(&chunk).expect("a file");
    bytes[20] ^= 1;
    fs::write(&chunk, bytes).expect("a file");
    fails(backup(&["verify"], &[&backups]), 1, "is damaged: its digest is ");
    fails(restore(&backups, &none), 1, "is damaged: its digest is ");
    let mut serve = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--auth", "off", "--data-dir"]);
    serve.arg(&none);
    fails(serve, 1, "its restore was cut short");
}

/// Waits until something is there, and kills the process then.
fn kill_when(mut command: Command, mut is_there: impl FnMut() -> bool) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let begin = Instant::now();
    while !is_there() {
        assert!(begin.elapsed() < Duration::from_secs(WAIT_SECONDS_MAX), "it does not begin");
        std::thread::yield_now();
    }
    child.kill().expect("it is ours");
    let ended = bounded(move || child.wait().expect("the process ends"));
    assert_eq!(ended.code(), None, "it was too fast for this test");
}

/// Shards that hold rows.
const FILLED_SHARDS: u16 = 8;

fn fill(data_dir: &Path) {
    let store = Embedded::open(data_dir, Options::default()).expect("a new directory");
    let mut state = 1_u64;
    for shard in (0..FILLED_SHARDS).map(ShardId) {
        let epoch = store.claim(shard, "test").expect("the store works");
        let mut batch = Batch::default();
        for key in 0..250_u32 {
            let mut value = Vec::new();
            while value.len() < 5_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                value.extend((state >> 32).to_be_bytes());
            }
            batch.put(key.to_be_bytes().to_vec(), value);
        }
        store.commit(shard, epoch, batch).expect("the store works");
    }
}

#[test]
fn a_kill_in_the_middle_leaves_no_backup_and_no_data_directory() {
    let dir = scratch();
    let [data, backups, target] = ["data", "backups", "target"].map(|name| dir.path().join(name));
    fill(&data);
    let chunks = backups.join("chunks");
    let count = || fs::read_dir(&chunks).map_or(0, Iterator::count);
    for at in [1, 10, 20] {
        kill_when(create(&backups, &data), || at <= count());
        lists_none(&backups);
    }
    fails(backup(&["verify"], &[&backups]), 2, "holds no backup");
    let says = succeeds(create(&backups, &data));
    assert!(!says.contains("; 0 of "), "{says}");

    let engine = target.join("data");
    kill_when(restore(&backups, &target), || engine.exists());
    let mut serve = tidewheel(&["serve", "--listen", "127.0.0.1:0", "--auth", "off", "--data-dir"]);
    serve.arg(&target);
    fails(serve, 1, "its restore was cut short or is under way");
    assert_eq!(check(&target, &[]).status.code(), Some(2));
    succeeds(restore(&backups, &target));
    // But for the registry, which knows of the restoration.
    let all = |dir: &Path| {
        let store = Embedded::open(dir, Options::default()).expect("it opens");
        let snapshot = store.snapshot().expect("the store works");
        let page = |shard| snapshot.page(shard, None, usize::MAX).expect("a page is read");
        let shards = snapshot.shards().expect("shards").into_iter();
        shards.filter(|shard| shard.0 < FILLED_SHARDS).map(page).collect::<Vec<_>>()
    };
    assert!(all(&data) == all(&target), "what is restored differs");
}
