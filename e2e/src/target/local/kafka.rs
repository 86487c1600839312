//! The topics, read by Kafka's own tools, past Dapr and our services.
//!
//! Invariant: what was in the topics when it was asked is all given, or it is an error: a slow machine loses nothing.

use std::fs;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::Local;
use crate::target::Part;

/// How long the consumer waits for a message of which it is known that it is there.
const NEXT_MESSAGE: Duration = Duration::from_secs(30);

impl Local {
    pub(in crate::target) async fn published(&self) -> Result<String> {
        let internal = ["--exclude-internal-topics", "--time", "latest"];
        let ends = self.tool("GetOffsetShell", &internal).await?;
        let printed = [
            "--property",
            "print.key=true",
            "--property",
            "print.headers=true",
        ];
        self.read_all(".*", &ends, &printed).await
    }

    pub(in crate::target) async fn messages(&self, topics: &[String]) -> Result<Vec<Value>> {
        // A pattern: the dot is the only letter of a topic's name that means something else in one.
        let wanted = topics.join("|").replace('.', "[.]");
        let ends = self
            .tool("GetOffsetShell", &["--topic", &wanted, "--time", "latest"])
            .await?;
        let text = self.read_all(&wanted, &ends, &[]).await?;
        let messages = text.lines().filter(|line| line.starts_with('{'));
        messages
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    /// What was in these topics when they ended there.
    async fn read_all(&self, topics: &str, ends: &str, printed: &[&str]) -> Result<String> {
        // topic:partition:offset; nothing is ever deleted, so that each starts at 0.
        let ends = ends.lines().map(|line| {
            let end = line.rsplit(':').next().unwrap_or_default();
            end.parse::<usize>().with_context(|| line.to_owned())
        });
        let there = ends.sum::<Result<usize>>()?;
        if there == 0 {
            return Ok(String::new());
        }
        let wait = NEXT_MESSAGE.as_millis().to_string();
        let consumer = ["--include", topics, "--from-beginning"];
        let limits = ["--max-messages", &there.to_string(), "--timeout-ms", &wait];
        let arguments = [&consumer[..], &limits[..], printed].concat();
        let text = self.tool("consumer.ConsoleConsumer", &arguments).await?;
        let came = text.lines().count();
        ensure!(came >= there, "of {there} messages {came} were read");
        Ok(text)
    }

    /// What a tool of Kafka prints, run from the very libraries that the broker runs from.
    async fn tool(&self, name: &str, arguments: &[&str]) -> Result<String> {
        let kafka = Part::Backing("kafka");
        let pid = self.pid(&kafka).context("kafka does not run")?;
        let command = fs::read(format!("/proc/{pid}/cmdline"))?;
        let words: Vec<_> = command
            .split(|byte| *byte == 0)
            .map(String::from_utf8_lossy)
            .collect();
        let libraries = words.windows(2).find(|pair| pair[0] == "-cp");
        let libraries = libraries.context("kafka runs without a class path")?[1].as_ref();
        let server = format!("127.0.0.1:{}", self.base + 92);
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new("java")
            .args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", libraries])
            .arg(format!("org.apache.kafka.tools.{name}"))
            .args(["--bootstrap-server", &server])
            .args(arguments)
            .output()
            .await
            .context("java")?;
        if !status.success() {
            let complaint = String::from_utf8_lossy(&stderr);
            bail!("Kafka's {name} ended with {status}: {complaint}");
        }
        Ok(String::from_utf8(stdout)?)
    }
}
