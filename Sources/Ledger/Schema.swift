internal import GRDB

/// The ledger's tables, as migrations; `docs/ledger.md` says what each is for.
///
/// A released migration is never edited: a change of the schema is a new one at the end.
enum Schema {
    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 incidents, runs, outbox", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: incidents)
            try database.execute(sql: runs)
            try database.execute(sql: outbox)
            try database.execute(sql: journal)
            try database.execute(sql: authority)
            try database.execute(sql: upkeep)
            for (table, _) in operations { try database.execute(sql: appendOnly(table)) }
        }
        migrator.registerMigration("2 transcripts, pull requests", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: transcripts)
            try database.execute(sql: pullRequests)
            for (table, _) in development { try database.execute(sql: appendOnly(table)) }
        }
        migrator.registerMigration("3 held money", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: money)
            for (table, _) in held { try database.execute(sql: appendOnly(table)) }
        }
        return migrator
    }

    /// Tables in which a row, once written, never changes; only retention deletes from those marked true.
    static var history: [(table: String, pruned: Bool)] { operations + development + held }

    private static let development: [(table: String, pruned: Bool)] = [
        ("exchange", true), ("spending", true), ("pull_request", true), ("pull_word", true),
    ]

    private static let operations: [(table: String, pruned: Bool)] = [
        ("incident", true), ("timeline", true), ("evidence", true), ("run", true), ("event", true),
        ("reservation", true), ("outbox", true), ("delivery", true), ("gap", true), ("approval", true),
        ("definition", true), ("halt", false), ("retention", false),
    ]

    /// Refuses UPDATE always and DELETE unless a retention transaction has marked itself in `pruning`.
    private static func appendOnly(_ table: String) -> String {
        let pruned = history.contains { $0.table == table && $0.pruned }
        return """
            CREATE TRIGGER \(table)_never_changes BEFORE UPDATE ON \(table)
            BEGIN SELECT RAISE(ABORT, 'append-only: rows of \(table) never change'); END;
            CREATE TRIGGER \(table)_is_kept BEFORE DELETE ON \(table)
            \(pruned ? "WHEN NOT EXISTS (SELECT 1 FROM pruning)" : "")
            BEGIN SELECT RAISE(ABORT, 'append-only: rows of \(table) are kept'); END;
            """
    }

    private static let incidents = """
        CREATE TABLE incident (
            id TEXT PRIMARY KEY NOT NULL CHECK (id != ''),
            fingerprint TEXT NOT NULL,
            name TEXT NOT NULL,
            severity TEXT NOT NULL,
            labels TEXT NOT NULL,
            claims TEXT NOT NULL,
            summary TEXT NOT NULL,
            opened_at INTEGER NOT NULL,
            rule_file TEXT NOT NULL,
            rule_line INTEGER NOT NULL,
            rule_column INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX incident_by_time ON incident (opened_at);
        CREATE INDEX incident_by_fingerprint ON incident (fingerprint, opened_at);

        CREATE TABLE timeline (
            id INTEGER PRIMARY KEY,
            incident TEXT NOT NULL REFERENCES incident (id),
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            state TEXT,
            runbook TEXT,
            severity TEXT,
            UNIQUE (incident, number)
        );
        CREATE INDEX timeline_state ON timeline (incident, number, state, at) WHERE state IS NOT NULL;
        CREATE INDEX timeline_start ON timeline (incident, at) WHERE kind = 'start';
        CREATE INDEX timeline_runbook ON timeline (incident, number, runbook) WHERE runbook IS NOT NULL;
        CREATE INDEX timeline_severity ON timeline (incident, number, severity) WHERE severity IS NOT NULL;

        CREATE TABLE evidence (
            line INTEGER NOT NULL REFERENCES timeline (id),
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            reference TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (line, position)
        ) WITHOUT ROWID;
        """

    private static let runs = """
        CREATE TABLE definition (
            digest TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            text TEXT NOT NULL,
            stored_at INTEGER NOT NULL
        );

        CREATE TABLE run (
            id TEXT PRIMARY KEY NOT NULL CHECK (id != ''),
            incident TEXT REFERENCES incident (id),
            runbook TEXT NOT NULL,
            digest TEXT NOT NULL REFERENCES definition (digest),
            occurrence INTEGER NOT NULL,
            target TEXT,
            mode TEXT NOT NULL,
            cause TEXT NOT NULL,
            parameters TEXT NOT NULL,
            wall INTEGER NOT NULL,
            boot TEXT NOT NULL,
            since_boot INTEGER NOT NULL
        );
        CREATE INDEX run_by_incident ON run (incident);
        CREATE INDEX run_by_target ON run (runbook, target, wall);

        CREATE TABLE event (
            run TEXT NOT NULL REFERENCES run (id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL,
            wall INTEGER NOT NULL,
            boot TEXT NOT NULL,
            since_boot INTEGER NOT NULL,
            PRIMARY KEY (run, number)
        );
        CREATE UNIQUE INDEX event_ended ON event (run) WHERE kind = 'ended';
        CREATE TRIGGER event_in_order BEFORE INSERT ON event
        WHEN NEW.number != COALESCE((SELECT MAX(number) + 1 FROM event WHERE run = NEW.run), NEW.number)
        BEGIN SELECT RAISE(ABORT, 'out of order: events of a run are numbered without gaps'); END;

        CREATE TABLE reservation (
            id INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,
            run TEXT NOT NULL REFERENCES run (id),
            wall INTEGER NOT NULL,
            boot TEXT NOT NULL,
            since_boot INTEGER NOT NULL,
            UNIQUE (scope, run)
        );
        CREATE INDEX reservation_by_time ON reservation (scope, wall);
        """

    private static let outbox = """
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY,
            key TEXT UNIQUE NOT NULL CHECK (key != ''),
            incident TEXT REFERENCES incident (id),
            sequence INTEGER NOT NULL,
            receiver TEXT NOT NULL,
            body TEXT NOT NULL,
            at INTEGER NOT NULL
        );
        CREATE INDEX outbox_by_incident ON outbox (incident, sequence);

        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL REFERENCES outbox (key),
            attempt INTEGER NOT NULL,
            at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            text TEXT NOT NULL,
            next_at INTEGER,
            UNIQUE (key, attempt)
        );
        CREATE UNIQUE INDEX delivery_done ON delivery (key) WHERE outcome = 'delivered';
        """

    private static let journal = """
        CREATE TABLE journal_position (
            source TEXT PRIMARY KEY NOT NULL,
            cursor TEXT NOT NULL,
            counted INTEGER NOT NULL,
            at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE journal_count (
            unit TEXT NOT NULL,
            priority INTEGER NOT NULL,
            entries INTEGER NOT NULL,
            PRIMARY KEY (unit, priority)
        ) WITHOUT ROWID;

        CREATE TABLE gap (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            source TEXT NOT NULL,
            begins INTEGER,
            ends INTEGER,
            reason TEXT NOT NULL
        );
        """

    private static let authority = """
        CREATE TABLE approval (
            id INTEGER PRIMARY KEY,
            run TEXT NOT NULL REFERENCES run (id),
            path TEXT NOT NULL,
            plan TEXT NOT NULL,
            person TEXT NOT NULL,
            decision TEXT NOT NULL,
            why TEXT NOT NULL,
            wall INTEGER NOT NULL,
            boot TEXT NOT NULL,
            since_boot INTEGER NOT NULL
        );
        CREATE INDEX approval_by_run ON approval (run, path);

        CREATE TABLE halt (
            id INTEGER PRIMARY KEY,
            halted INTEGER NOT NULL,
            person TEXT NOT NULL,
            why TEXT NOT NULL,
            wall INTEGER NOT NULL,
            boot TEXT NOT NULL,
            since_boot INTEGER NOT NULL
        );
        """

    private static let transcripts = """
        CREATE TABLE exchange (
            run TEXT NOT NULL REFERENCES run (id),
            path TEXT NOT NULL,
            number INTEGER NOT NULL,
            body TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (run, path, number)
        );
        CREATE INDEX exchange_by_time ON exchange (at);

        CREATE TABLE spending (
            run TEXT NOT NULL REFERENCES run (id),
            path TEXT NOT NULL,
            number INTEGER NOT NULL,
            incident TEXT REFERENCES incident (id),
            model TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (run, path, number)
        );
        CREATE INDEX spending_by_time ON spending (at);
        CREATE INDEX spending_by_incident ON spending (incident);
        """

    private static let pullRequests = """
        CREATE TABLE pull_request (
            id TEXT PRIMARY KEY NOT NULL CHECK (id != ''),
            run TEXT NOT NULL REFERENCES run (id),
            incident TEXT REFERENCES incident (id),
            project TEXT NOT NULL,
            branch TEXT NOT NULL,
            base TEXT NOT NULL,
            head TEXT NOT NULL,
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            lines INTEGER NOT NULL,
            low_risk INTEGER NOT NULL,
            at INTEGER NOT NULL
        );
        CREATE INDEX pull_request_by_run ON pull_request (run);

        CREATE TABLE pull_word (
            id INTEGER PRIMARY KEY,
            pull_request TEXT NOT NULL REFERENCES pull_request (id),
            kind TEXT NOT NULL,
            person TEXT NOT NULL,
            text TEXT NOT NULL,
            at INTEGER NOT NULL
        );
        CREATE INDEX pull_word_by_request ON pull_word (pull_request, id);
        CREATE UNIQUE INDEX pull_word_merged ON pull_word (pull_request) WHERE kind IN ('merged', 'rejected');
        """

    private static let upkeep = """
        CREATE TABLE snapshot (
            name TEXT PRIMARY KEY NOT NULL,
            json TEXT NOT NULL,
            at INTEGER NOT NULL
        );

        CREATE TABLE pruning (why TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;

        CREATE TABLE retention (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            why TEXT NOT NULL,
            removed TEXT NOT NULL
        );
        """
}
