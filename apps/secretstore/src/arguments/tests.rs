//! Command lines: what they mean, and that anything else stops.

use super::*;

fn parsed(line: &str) -> Result<Command, ArgumentError> {
    let words: Vec<OsString> = std::iter::once("secretstore")
        .chain(line.split(' '))
        .map(OsString::from)
        .collect();
    parse(words)
}

#[test]
fn up_takes_its_whole_line() {
    let command = parsed(
        "up --state /s --vault http://127.0.0.1:20082 --apps bff,order --postgres 127.0.0.1:20032 --demo",
    );
    let Ok(Command::Up(settings)) = command else {
        panic!("{command:?}")
    };
    assert_eq!(settings.apps, ["bff", "order"]);
    assert_eq!(
        settings.postgres,
        HostPort {
            host: "127.0.0.1".to_owned(),
            port: 20032
        }
    );
    assert!(settings.demo);
}

#[test]
fn a_rotation_is_regular_unless_said_otherwise() {
    for (more, expected) in [("", Rotation::Regular), (" --stolen", Rotation::Stolen)] {
        let command = parsed(&format!(
            "rotate signing --state /s --vault http://localhost{more}"
        ));
        let Ok(Command::RotateSigning { rotation, .. }) = command else {
            panic!("{command:?}")
        };
        assert_eq!(rotation, expected);
    }
}

#[test]
fn several_kinds_are_rotated_at_once() {
    let line = "rotate clients session --state /s --vault http://localhost --settle 12s";
    let command = parsed(line);
    let Ok(Command::Rotate { settings, .. }) = command else {
        panic!("{command:?}")
    };
    assert_eq!(
        settings.kinds,
        [rotate::Kind::Clients, rotate::Kind::Session]
    );
    assert_eq!(settings.settle, Duration::from_secs(12));
}

#[test]
fn keys_last_a_month_unless_said_otherwise() {
    let hours = |hours| Some(Duration::from_hours(hours));
    for (more, expected) in [
        ("", hours(720)),
        (" --keys-last 0", None),
        (" --keys-last 90d", hours(2160)),
        (" --keys-last 1h", hours(1)),
        (" --keys-last 5m", Some(Duration::from_mins(5))),
        (" --keys-last 45s", Some(Duration::from_secs(45))),
    ] {
        let command = parsed(&format!("watch --state /s --vault http://localhost{more}"));
        let Ok(Command::Watch(watch)) = command else {
            panic!("{command:?}")
        };
        assert_eq!((watch.keys_last, watch.once), (expected, false), "{more}");
    }
}

#[test]
fn what_is_not_understood_stops() {
    for line in [
        "",
        "down",
        "up",
        "up now",
        "rotate --state /s --vault http://localhost",
        "rotate bff --state /s --vault http://localhost",
        "rotate clients bff --state /s --vault http://localhost",
        "rotate clients signing --state /s --vault http://localhost",
        "rotate clients --vault http://localhost",
        "rotate clients --state /s --vault http://localhost --settle 5",
        "rotate signing now --state /s --vault http://localhost",
        "watch --state /s",
        "watch --state /s --vault http://localhost --keys-last",
        "watch --state /s --vault http://localhost --keys-last 30",
        "watch --state /s --vault http://localhost --keys-last 0d",
        "watch --state /s --vault http://localhost --keys-last -1d",
        "watch --state /s --vault http://localhost --keys-last d",
        "watch --state /s --vault http://localhost --keys-last 30ä",
        "status",
        "provider add --state /s --vault http://localhost",
        "provider add ../x --state /s --vault http://localhost",
        "provider rename campus --state /s --vault http://localhost",
        "provider remove campus --vault http://localhost",
        "status --vault ftp://localhost",
        "status --vault http://operator:word@localhost",
        "status --vault http://localhost --root-token x",
        "sql --state /s --vault http://localhost --apps ../bff",
        "sql --state /s --vault http://localhost --apps bff,",
        "up --state /s --vault http://localhost --apps bff --postgres localhost",
    ] {
        assert!(parsed(line).is_err(), "{line}");
    }
}
