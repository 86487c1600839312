//! What `--help` prints: every command and every option that `arguments.rs` understands.

/// What `--help` prints.
pub const HELP: &str = "\
secretstore: the operator's tool for the vault

  secretstore up     --state DIR --vault URL --apps A,B,… --postgres HOST:PORT [--demo]
                     initialise if needed, unseal, fill in what is missing, write the apps' files
  secretstore unseal --state DIR --vault URL
  secretstore status --vault URL
  secretstore rekey  --state DIR --vault URL
                     give the vault new shares; the old ones open nothing any more
  secretstore backup FILE --state DIR --vault URL
                     write the whole vault, encrypted as it is, into a file that is not there yet
  secretstore restore FILE --state DIR --vault URL
                     put a backup into an empty vault; the shares of that time open it
  secretstore sql    --state DIR --vault URL --apps A,B,…
                     the SQL that makes roles and databases, for psql; passwords as SCRAM verifiers
  secretstore rotate signing --state DIR --vault URL [--stolen]
                     let the next signing keys sign, and make new next ones; stolen: make all anew
  secretstore rotate session|quotes|clients|webhook|database… --state DIR --vault URL [--settle 30s]
                     [--sql PROGRAM]
                     replace these secrets, side by side, while everybody goes on; settle:
                     how long until everybody has read what was written; database needs a PROGRAM that,
                     called with the word sql, runs its input as PostgreSQL's superuser
  secretstore rotate tokens --state DIR --vault URL --apps A,B,… --restart PROGRAM [--sql PROGRAM]
                     new Dapr tokens and a new vault token for one app after the other, each of which
                     PROGRAM restarts, called with the words restart APP; the old ones end; so does the
                     login of its sidecar's database, where it has one, which needs the PROGRAM for SQL
  secretstore watch  --state DIR --vault URL [--keys-last 30d] [--secrets-last 30d] [--settle 30s]
                     [--sql PROGRAM] [--once]
                     rotate the signing keys and the other secrets whenever they have been in use for
                     that long (d, h, m or s; 0: never), go on with what was interrupted, renew the apps'
                     tokens and what sidecars show to sentry; once: look once
  secretstore provider add NAME --state DIR --vault URL
                     let people sign in by another identity provider; standard input: JSON with
                     issuer, client_id, client_secret and label
  secretstore provider remove NAME --state DIR --vault URL

Every command takes every option, so that one line of options serves all.
";
