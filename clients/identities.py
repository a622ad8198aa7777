"""Users with keys and policies: in a file that a server starts with, and by `tidewheel iam`."""

import json
import pathlib
import subprocess

from server import ADMINISTRATOR, IDENTITIES, SECRETS, Key, binary, without_settings

ACCOUNT = "000000000000"
SECONDS_MAX = 60
# What `tidewheel iam` exits with when the operation was refused.
EXIT_REFUSED = 254


def allow(*actions: str, resource: str = "*", condition: dict | None = None) -> dict:
    return _statement("Allow", actions, resource, condition)


def deny(*actions: str, resource: str = "*", condition: dict | None = None) -> dict:
    return _statement("Deny", actions, resource, condition)


def _statement(effect: str, actions: tuple, resource: str, condition: dict | None) -> dict:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def user_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:user/{name}"


def key_of(name: str) -> Key:
    """The key that a user of a described file has."""
    return Key(f"KEY-{name}", f"the-secret-of-{name}")


def describe(directory: pathlib.Path, users: dict, others: dict | None = None) -> pathlib.Path:
    """A file with the administrator, and with users by their names and the statements of their
    policies; with `others` in an account of their own, 111111111111."""
    lines = [IDENTITIES.read_text()]
    lines += [_described(name, statements) for name, statements in users.items()]
    if others:
        lines.append('[[account]]\nid = "111111111111"\n')
        lines += [_described(name, statements) for name, statements in others.items()]
    file = directory / "identities.toml"
    file.touch(mode=0o600)  # Secrets are in it.
    file.write_text("\n".join(lines))
    return file


def _described(name: str, statements: list) -> str:
    """JSON's texts are TOML's, too."""
    key = key_of(name)
    lines = ["[[account.user]]", f"name = {json.dumps(name)}"]
    if statements:
        text = json.dumps(json.dumps(policy(*statements)))
        lines.append(f"policies.its = {text}")
    lines.append(f"key = [{{ id = {json.dumps(key.id)}, secret = {json.dumps(key.secret)} }}]\n")
    return "\n".join(lines)


def verified(file: pathlib.Path) -> tuple:
    """The flags of a server with the identities of a file."""
    return ("--auth", "sigv4", "--identities", str(file))


class Iam:
    """`tidewheel iam` through a running server."""

    def __init__(self, server, key: Key = ADMINISTRATOR, **environment: str):
        self.server = server
        self.key = key
        self.environment = environment

    def run(self, operation: str, **options) -> subprocess.CompletedProcess:
        command = [binary(), "iam", operation, "--endpoint-url", self.server.url]
        for name, value in options.items():
            command.append("--" + name.replace("_", "-"))
            if value is not True:
                command.append(json.dumps(value) if isinstance(value, dict) else value)
        environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "AWS_ACCESS_KEY_ID": self.key.id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret,
        }
        if self.key.token is not None:
            environment["AWS_SESSION_TOKEN"] = self.key.token
        environment |= SECRETS | self.environment
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX
        )

    def do(self, operation: str, **options) -> dict:
        """An operation that must succeed, and what it answers."""
        done = self.run(operation, **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else {}

    def refused(self, operation: str, **options) -> str:
        """The error line of an operation that must be refused."""
        done = self.run(operation, **options)
        assert (done.returncode, done.stdout) == (EXIT_REFUSED, ""), done
        return done.stderr.strip()

    def create_user(self, name: str, *statements: dict) -> Key:
        """A user with these rights, and its first key."""
        self.do("create-user", user_name=name)
        if statements:
            self.permit(name, *statements)
        return self.create_key(name)

    def permit(self, name: str, *statements: dict):
        """Makes these the rights of a user."""
        document = policy(*statements)
        self.do("put-user-policy", user_name=name, policy_name="its", policy_document=document)

    def create_key(self, name: str) -> Key:
        made = self.do("create-access-key", user_name=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def disable(self, name: str, key: Key):
        self.update(name, key, "Inactive")

    def enable(self, name: str, key: Key):
        self.update(name, key, "Active")

    def update(self, name: str, key: Key, status: str):
        self.do("update-access-key", user_name=name, access_key_id=key.id, status=status)

    def delete_key(self, name: str, key: Key):
        self.do("delete-access-key", user_name=name, access_key_id=key.id)

    def assume(self, role: str, **options) -> Key:
        """A session of a role."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        options = {"role_session_name": "tests"} | options
        made = self.do("assume-role", role_arn=arn, **options)["Credentials"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
