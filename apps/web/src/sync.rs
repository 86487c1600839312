//! Two copies of one basket, this browser's and the server's: what is to be sent, and what an answer makes of ours.
//!
//! Invariant: one request is under way at a time, each names the version it was made of, and no change of either side is
//! lost to the other: it is done to what the other has.

use bff_api::Basket;
use serde::{Deserialize, Serialize};

/// What the server was heard to have. Kept in the browser beside the basket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The basket.
    pub basket: Basket,
    /// Its version, as `ETag` had it; `None` if nothing was kept.
    pub etag: Option<String>,
    /// Whether it was a person's, not the browser's.
    pub of_person: bool,
}

/// A request that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `PUT`, over this version or over nothing.
    Write(Basket, Option<String>),
    /// `DELETE` of this version.
    Remove(String),
}

/// What ours becomes by an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The basket from now on.
    pub basket: Basket,
    /// Whether changes of both sides met in it.
    pub met: bool,
}

/// Where the two copies stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    heard: Heard,
    sent: Option<Basket>,
    /// What was sent and not answered: it may have been taken.
    doubtful: Option<Basket>,
    /// What another tab of this browser has made of it and sends by itself.
    relayed: Option<Basket>,
}

impl Standing {
    /// As an earlier visit left it.
    #[must_use]
    pub fn resume(heard: Heard) -> Standing {
        Standing {
            heard,
            ..Standing::default()
        }
    }

    /// What the server was heard to have.
    #[must_use]
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    /// The session is known: what a person's basket was is not for whoever sits here now. Says whether ours is dropped.
    pub fn of_person(&mut self, signed_in: bool) -> bool {
        let left = self.heard.of_person && !signed_in;
        if left {
            *self = Standing::default();
        }
        self.heard.of_person = signed_in;
        left
    }

    /// Another tab of this browser changed ours, and sends it.
    pub fn relay(&mut self, heard: Heard, ours: Basket) {
        self.heard = heard;
        self.relayed = Some(ours);
    }

    /// What is to be sent now, if anything is; nothing while an answer is awaited.
    pub fn next(&mut self, ours: &Basket) -> Option<Request> {
        let told = self.relayed.as_ref() == Some(ours);
        if self.sent.is_some() || told || *ours == self.heard.basket {
            return None;
        }
        self.relayed = None;
        let etag = self.heard.etag.clone();
        let request = match etag {
            Some(etag) if ours.is_empty() => Request::Remove(etag),
            // Nothing is kept, and nothing is to be.
            None if ours.is_empty() => return None,
            etag => Request::Write(ours.clone(), etag),
        };
        self.sent = Some(ours.clone());
        Some(request)
    }

    /// The server took what was sent, and answered with what it has now.
    pub fn taken(&mut self, theirs: Basket, etag: Option<String>, ours: &Basket) -> Outcome {
        if let Some(sent) = self.sent.take() {
            self.heard.basket = sent;
        }
        self.learn(theirs, etag, ours)
    }

    /// The server did not take it, or could not be asked: it is to be sent again.
    pub fn not_taken(&mut self) {
        self.doubtful = self.sent.take();
    }

    /// The server has this: what we changed since we last heard is done to it.
    pub fn learn(&mut self, theirs: Basket, etag: Option<String>, ours: &Basket) -> Outcome {
        let doubtful = self.doubtful.take();
        // An answer that was lost had taken what was sent.
        let was_taken = doubtful.filter(|sent| *sent == theirs);
        let base = was_taken.unwrap_or_else(|| std::mem::take(&mut self.heard.basket));
        let (we_did, they_did) = (*ours != base, theirs != base);
        let outcome = if !we_did || *ours == theirs {
            Outcome {
                basket: theirs.clone(),
                met: false,
            }
        } else if they_did {
            Outcome {
                basket: Basket::merged(&base, &theirs, ours),
                met: true,
            }
        } else {
            Outcome {
                basket: ours.clone(),
                met: false,
            }
        };
        self.heard.basket = theirs;
        self.heard.etag = etag;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::{Heard, Outcome, Request, Standing};
    use crate::fixture::id;
    use bff_api::{Basket, PlaceLine};

    /// So many of the variation 11 and of 12.
    fn of(lattes: u32, larges: u32) -> Basket {
        let line = |variation, quantity| PlaceLine {
            variation_id: id(variation),
            quantity,
            option_ids: vec![],
        };
        let mut lines = vec![line(11, lattes), line(12, larges)];
        lines.retain(|line| line.quantity > 0);
        Basket {
            store_id: (!lines.is_empty()).then(|| id(100)),
            lines,
        }
    }

    fn alone(basket: Basket) -> Outcome {
        Outcome { basket, met: false }
    }

    fn heard(basket: Basket, etag: &str) -> Standing {
        Standing::resume(Heard {
            basket,
            etag: Some(etag.to_owned()),
            of_person: false,
        })
    }

    #[test]
    fn a_change_is_sent_once_and_the_next_one_waits_for_the_answer() {
        let mut sync = Standing::default();
        assert_eq!(sync.next(&of(0, 0)), None);
        assert_eq!(sync.next(&of(1, 0)), Some(Request::Write(of(1, 0), None)));
        assert_eq!(sync.next(&of(2, 0)), None, "one at a time");
        assert_eq!(
            sync.taken(of(1, 0), Some("a".to_owned()), &of(2, 0)),
            alone(of(2, 0))
        );
        let second = Request::Write(of(2, 0), Some("a".to_owned()));
        assert_eq!(sync.next(&of(2, 0)), Some(second.clone()));
        sync.not_taken();
        assert_eq!(sync.next(&of(2, 0)), Some(second));
        assert_eq!(
            sync.taken(of(2, 0), Some("b".to_owned()), &of(2, 0)),
            alone(of(2, 0))
        );
        assert_eq!(sync.next(&of(2, 0)), None, "both are the same");
        assert_eq!(sync.next(&of(0, 0)), Some(Request::Remove("b".into())));
        assert_eq!(sync.taken(of(0, 0), None, &of(0, 0)), alone(of(0, 0)));
        assert_eq!(sync.next(&of(0, 0)), None);
    }

    #[test]
    fn changes_of_two_tabs_meet() {
        let mut sync = heard(of(1, 0), "a");
        assert!(sync.next(&of(1, 1)).is_some());
        sync.not_taken();
        let outcome = sync.learn(of(2, 0), Some("b".to_owned()), &of(1, 1));
        assert_eq!((outcome.basket, outcome.met), (of(2, 1), true));
        assert_eq!(
            sync.next(&of(2, 1)),
            Some(Request::Write(of(2, 1), Some("b".to_owned())))
        );

        // What was ordered here is gone; what was put in there meanwhile stays.
        let mut sync = heard(of(2, 0), "a");
        sync.next(&of(0, 0));
        sync.not_taken();
        let outcome = sync.learn(of(2, 1), Some("b".to_owned()), &of(0, 0));
        assert_eq!((outcome.basket, outcome.met), (of(0, 1), true));
    }

    #[test]
    fn what_nobody_changed_here_follows_the_server() {
        let mut sync = heard(of(1, 0), "a");
        assert_eq!(
            sync.learn(of(3, 1), Some("b".to_owned()), &of(1, 0)),
            alone(of(3, 1))
        );
        assert_eq!(sync.next(&of(3, 1)), None);
        // Thirty days later.
        assert_eq!(sync.learn(of(0, 0), None, &of(3, 1)), alone(of(0, 0)));
    }

    #[test]
    fn an_answer_that_was_lost_counts_nothing_twice() {
        let mut sync = heard(of(1, 0), "a");
        sync.next(&of(2, 0));
        sync.not_taken();
        assert_eq!(
            sync.learn(of(2, 0), Some("b".to_owned()), &of(2, 0)),
            alone(of(2, 0))
        );
        assert_eq!(sync.next(&of(2, 0)), None);

        // The same, and one more was put in before that showed.
        let mut sync = heard(of(1, 0), "a");
        sync.next(&of(2, 0));
        sync.not_taken();
        sync.next(&of(3, 0));
        sync.not_taken();
        let outcome = sync.learn(of(3, 0), Some("b".to_owned()), &of(4, 0));
        assert_eq!(outcome, alone(of(4, 0)));
    }

    #[test]
    fn an_answer_may_be_newer_than_what_was_sent() {
        let mut sync = heard(of(1, 0), "a");
        sync.next(&of(2, 0));
        // Somebody read ours and went on from it before we were answered; meanwhile we did too.
        let outcome = sync.taken(of(2, 1), Some("c".to_owned()), &of(3, 0));
        assert_eq!((outcome.basket, outcome.met), (of(3, 1), true));
    }

    #[test]
    fn a_sign_in_takes_ours_along_and_a_sign_out_leaves_theirs() {
        // The server has poured what it had of this browser into the person's; the last change had not reached it.
        let mut sync = heard(of(1, 0), "a");
        assert!(!sync.of_person(true));
        let outcome = sync.learn(of(3, 1), Some("p".to_owned()), &of(2, 0));
        assert_eq!(outcome.basket, of(4, 1));
        assert!(sync.heard().of_person);
        assert!(sync.of_person(false), "nobody is signed in any more");
        assert_eq!(sync, Standing::default());
        assert!(!sync.of_person(false));
    }

    #[test]
    fn what_another_tab_sends_is_not_sent_here() {
        let mut sync = heard(of(1, 0), "a");
        sync.relay(sync.heard().clone(), of(2, 0));
        assert_eq!(sync.next(&of(2, 0)), None);
        assert_eq!(
            sync.next(&of(3, 0)),
            Some(Request::Write(of(3, 0), Some("a".to_owned())))
        );
    }
}
