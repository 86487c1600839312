//! What lies in the databases and in Redis, read by their own tools, past Dapr and our services.
//!
//! Invariant: every value of every table and of every key is given, as text; bytes are given as what they spell.

use std::collections::BTreeMap;
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use super::{Local, Record};

/// Every row of every table of a database, each as one line of JSON that names its table. No column has the alias's name.
const EVERYTHING: &str = r#"
    SELECT format('SELECT json_build_object(''table'', %L, ''row'', to_json("a row")) FROM %I.%I AS "a row"',
        CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || tablename, schemaname, tablename)
    FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 \gexec
    SELECT 1 WHERE false"#;
/// Every key of Redis with its value, whatever it is.
const EVERY_KEY: &str = "
    local all = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
        local kind = redis.call('TYPE', key).ok
        local values
        if kind == 'string' then values = { redis.call('GET', key) }
        elseif kind == 'hash' then values = redis.call('HGETALL', key)
        elseif kind == 'set' then values = redis.call('SMEMBERS', key)
        elseif kind == 'zset' then values = redis.call('ZRANGE', key, 0, -1)
        elseif kind == 'list' then values = redis.call('LRANGE', key, 0, -1)
        else return redis.error_reply('a key of the kind ' .. kind) end
        all[#all + 1] = key .. ' ' .. table.concat(values, ' ')
    end
    return all";

#[derive(Deserialize)]
struct Line {
    table: String,
    row: BTreeMap<String, Value>,
}

impl Local {
    /// Each column of each table, with all its values.
    pub(in crate::target) async fn columns(&self) -> Result<Vec<Record>> {
        let mut columns: BTreeMap<String, String> = BTreeMap::new();
        let databases = "SELECT datname FROM pg_database WHERE datname LIKE 'db-%'";
        for app in self.sql("identity", databases).await?.lines() {
            let app = app.strip_prefix("db-").unwrap_or(app);
            for line in self.sql(app, EVERYTHING).await?.lines() {
                let Line { table, row } =
                    serde_json::from_str(line).with_context(|| format!("{app}: {line}"))?;
                for (column, value) in row {
                    let text = columns
                        .entry(format!("{app} {table}.{column}"))
                        .or_default();
                    spell(&value, text);
                }
            }
        }
        ensure!(!columns.is_empty(), "there is no database");
        let record = |(name, text)| Record { name, text };
        Ok(columns.into_iter().map(record).collect())
    }

    /// Redis' keys with their values.
    pub(in crate::target) async fn cached(&self) -> Result<String> {
        let file = self.state.join("secrets/redis.conf");
        let settings =
            std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let password = settings
            .lines()
            .find_map(|line| line.strip_prefix("requirepass "))
            .context("Redis has no password")?;
        let port = (self.base + 79).to_string();
        let Output { status, stdout, .. } = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &port, "--no-auth-warning", "-e"])
            .args(["EVAL", EVERY_KEY, "0"])
            .env("REDISCLI_AUTH", password.trim().trim_matches('"'))
            .output()
            .await
            .context("redis-cli")?;
        let text = String::from_utf8_lossy(&stdout).into_owned();
        ensure!(status.success(), "redis-cli ended with {status}: {text}");
        Ok(text)
    }
}

/// Adds a value to a text, on a line of its own.
fn spell(value: &Value, text: &mut String) {
    match value {
        Value::Null => return,
        Value::String(plain) => match plain.strip_prefix("\\x").and_then(bytes) {
            Some(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
            None => text.push_str(plain),
        },
        other => text.push_str(&other.to_string()),
    }
    text.push('\n');
}

/// The bytes of a column of bytes, as PostgreSQL writes them.
fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bytes_are_given_as_what_they_spell() {
        let mut text = String::new();
        for value in [
            json!("plain"),
            json!("\\x6d656c7420"),
            json!(null),
            json!({ "a": "b" }),
        ] {
            spell(&value, &mut text);
        }
        assert_eq!(text, "plain\nmelt \n{\"a\":\"b\"}\n");
    }
}
