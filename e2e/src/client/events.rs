//! A live stream (server-sent events), read one event at a time.
//!
//! Invariant: an event is handed out whole and once, in the order of the stream; comments are heartbeats and nothing else.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerEvent {
    /// Its `event:` field.
    pub name: String,
    /// Its data, which is JSON on every stream of ours.
    pub data: Value,
}

/// An open stream.
pub struct Events {
    response: Response,
    partial: Vec<u8>,
    whole: VecDeque<ServerEvent>,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            partial: Vec::new(),
            whole: VecDeque::new(),
        }
    }

    /// The next event. Fails when the stream ends, or stays silent for that long.
    pub async fn next(&mut self, within: Duration) -> Result<ServerEvent> {
        let next = timeout(within, async {
            loop {
                if let Some(event) = self.whole.pop_front() {
                    return Ok(event);
                }
                let Some(chunk) = self.response.chunk().await? else {
                    bail!("the stream ended");
                };
                self.partial.extend_from_slice(&chunk);
                self.whole.extend(take_whole(&mut self.partial)?);
            }
        });
        next.await
            .with_context(|| format!("no event came within {within:?}"))?
    }

    /// The next event that `wanted` accepts; the others are passed over.
    pub async fn find(
        &mut self,
        within: Duration,
        wanted: impl Fn(&ServerEvent) -> bool,
    ) -> Result<ServerEvent> {
        let found = timeout(within, async {
            loop {
                let event = self.next(within).await?;
                if wanted(&event) {
                    return Ok(event);
                }
            }
        });
        found
            .await
            .with_context(|| format!("no such event came within {within:?}"))?
    }
}

/// Cuts the events that are complete off the front of what was read.
fn take_whole(partial: &mut Vec<u8>) -> Result<Vec<ServerEvent>> {
    let Some(end) = partial.windows(2).rposition(|pair| pair == b"\n\n") else {
        return Ok(Vec::new());
    };
    let whole: Vec<u8> = partial.drain(..end + 2).collect();
    let blocks = String::from_utf8(whole)?;
    blocks
        .split("\n\n")
        .filter_map(|block| event(block).transpose())
        .collect()
}

fn event(block: &str) -> Result<Option<ServerEvent>> {
    let field = |name: &str| {
        let of_name = |line: &str| {
            Some(
                line.strip_prefix(name)?
                    .strip_prefix(':')?
                    .trim_start()
                    .to_owned(),
            )
        };
        block
            .lines()
            .filter_map(of_name)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let data = field("data");
    if data.is_empty() {
        return Ok(None);
    }
    let data = serde_json::from_str(&data)
        .with_context(|| format!("an event that is no JSON: {block}"))?;
    Ok(Some(ServerEvent {
        name: field("event"),
        data,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_cut_where_they_end() {
        let mut partial =
            b": hello\n\nevent: order\ndata: {\"a\":1}\nid: 3\n\nevent: change\nda".to_vec();
        let whole = take_whole(&mut partial).expect("well formed");
        assert_eq!(
            whole,
            [ServerEvent {
                name: "order".into(),
                data: json!({ "a": 1 })
            }]
        );
        assert_eq!(partial, b"event: change\nda");
        partial.extend_from_slice(b"ta: 2\n\n");
        let whole = take_whole(&mut partial).expect("well formed");
        assert_eq!(
            whole,
            [ServerEvent {
                name: "change".into(),
                data: json!(2)
            }]
        );
        assert!(partial.is_empty());
    }
}
