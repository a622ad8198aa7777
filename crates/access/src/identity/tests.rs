//! The identities as data: operations in, replies and refusals out.

use super::*;
use crate::caller::{KeyRef, Principal};
use serde_json::{Value, json};
use std::sync::Arc;
use wire::{Fault, Timestamp};

mod documents;
mod keys;
mod operations;
mod quotas;
mod resolution;
mod sessions;
mod simulation;
mod trust;

pub const ACCOUNT: &str = "123456789012";

/// A policy that allows one action on everything.
pub fn allow(action: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
    })
    .to_string()
}

/// A trust policy for somebody.
pub fn trust(aws: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": aws}},
        ],
    })
    .to_string()
}

pub fn keyring(id: &str, byte: u8) -> Keyring {
    let line = Keyring::line(id, &[byte; MASTER_KEY_BYTES]);
    Keyring::parse(line.expose()).expect("a key ring")
}

/// A directory, and chance and time that go on with each operation.
pub struct World {
    pub directory: Directory,
    pub keyring: Keyring,
    pub now: Timestamp,
    pub account: String,
    pub short_secrets: bool,
    drawn: u64,
}

impl World {
    /// Without any account.
    pub fn empty() -> World {
        World {
            directory: Directory::default(),
            keyring: keyring("k1", 1),
            now: Timestamp(1_700_000_000_000),
            account: ACCOUNT.to_owned(),
            short_secrets: false,
            drawn: 0,
        }
    }

    /// With one account.
    pub fn new() -> World {
        let mut world = World::empty();
        world.ok("CreateAccount", json!({"AccountId": ACCOUNT, "AccountName": "main"}));
        world
    }

    /// An operation of whoever administers the data directory.
    pub fn call(&mut self, operation: &str, members: Value) -> Result<Value, IdentityFault> {
        self.call_as(None, operation, members)
    }

    pub fn call_as(
        &mut self,
        caller: Option<&Principal>,
        operation: &str,
        members: Value,
    ) -> Result<Value, IdentityFault> {
        let request = IdentityRequest::parse(operation, members.to_string().as_bytes())?;
        let (changes, reply) = self.apply(caller, &self.account.clone(), &request)?;
        for change in changes {
            self.directory.evolve(change).expect("what was applied can be folded in");
        }
        self.directory.check_references().expect("everything that is named is there");
        Ok(serde_json::to_value(reply).expect("replies have text keys"))
    }

    pub fn apply(
        &mut self,
        caller: Option<&Principal>,
        account: &str,
        request: &IdentityRequest,
    ) -> Applied {
        self.drawn += 1;
        let fresh = Fresh::new(chance(self.drawn));
        let setting = Setting {
            account,
            caller,
            origin: None,
            region: "us-east-1",
            keyring: &self.keyring,
            now: self.now,
            fresh: &fresh,
            short_secrets: self.short_secrets,
            names_follow: false,
        };
        self.directory.apply(request, &setting)
    }

    #[track_caller]
    pub fn ok(&mut self, operation: &str, members: Value) -> Value {
        match self.call(operation, members.clone()) {
            Ok(reply) => reply,
            Err(fault) => panic!("{operation} {members}: {fault:?}"),
        }
    }

    #[track_caller]
    pub fn refused(&mut self, operation: &str, members: Value, code: &str) -> String {
        let before = self.directory.clone();
        let fault = self.call(operation, members.clone()).expect_err(operation);
        assert_eq!(fault.code(), code, "{operation} {members}: {fault}");
        assert_eq!(self.directory, before, "{operation} changed something");
        fault.to_string()
    }

    /// A user with a key: the id and the secret.
    pub fn user_with_key(&mut self, name: &str) -> (String, String) {
        self.ok("CreateUser", json!({"UserName": name}));
        self.new_key(json!({"UserName": name}))
    }

    pub fn new_key(&mut self, members: Value) -> (String, String) {
        let key = self.ok("CreateAccessKey", members)["AccessKey"].clone();
        (text(&key["AccessKeyId"]), text(&key["SecretAccessKey"]))
    }

    pub fn principal(&self, key: &str) -> Result<Arc<Principal>, Fault> {
        let material = self.directory.key_material(&self.keyring, key, None)?;
        self.directory.refresh(&material.key, self.now)
    }

    pub fn key_ref(&self, key: &str, token: Option<&str>) -> Result<KeyRef, Fault> {
        Ok(self.directory.key_material(&self.keyring, key, token)?.key)
    }
}

/// Bytes that differ from draw to draw, all over (splitmix64).
pub fn chance(seed: u64) -> [u8; Fresh::BYTES] {
    let mut state = seed.wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mut bytes = [0; Fresh::BYTES];
    for byte in &mut bytes {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        *byte = (mixed ^ (mixed >> 27)).to_be_bytes()[0];
    }
    bytes
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
