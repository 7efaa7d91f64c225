-- The catalogue of a vault: every table, index and trigger. A change of this file is a new version.

-- Evidence: events, exhibits, scans, descriptions made later, marks. Of events, exhibits and scans
-- the records say what counts; an exhibit keeps the name that it was enrolled under as `first_name`,
-- and names that it had are its aliases. `reading` counts how often a scan was read anew;
-- the marks that count are those of the scan's `description`, where it has one.
CREATE TABLE events (
    event TEXT PRIMARY KEY NOT NULL CHECK (event <> ''),
    case_number TEXT NOT NULL,
    date TEXT NOT NULL,
    place TEXT NOT NULL
);
CREATE TABLE exhibits (
    exhibit TEXT PRIMARY KEY NOT NULL CHECK (exhibit <> ''),
    event TEXT NOT NULL REFERENCES events (event),
    kind TEXT NOT NULL CHECK (kind IN ('evidence', 'test_fire')),
    calibre TEXT NOT NULL,
    firing_pin_shape TEXT NOT NULL,
    breech_face_type TEXT NOT NULL,
    ammunition TEXT NOT NULL,
    make TEXT NOT NULL,
    model TEXT NOT NULL,
    sharing TEXT NOT NULL CHECK (sharing IN ('country', 'cluster', 'network')),
    firearm TEXT NOT NULL,
    first_name TEXT NOT NULL UNIQUE
);
CREATE TABLE aliases (
    alias TEXT PRIMARY KEY NOT NULL CHECK (alias <> ''),
    first_name TEXT NOT NULL REFERENCES exhibits (first_name)
);
-- Spellings that a member holds for one value of a field, such as of a maker of ammunition.
CREATE TABLE synonyms (
    synonym TEXT PRIMARY KEY NOT NULL CHECK (synonym <> ''),
    field TEXT NOT NULL CHECK (field IN (
        'calibre', 'firing_pin_shape', 'breech_face_type', 'ammunition', 'make', 'model')),
    value TEXT NOT NULL CHECK (value <> '')
);
CREATE TABLE scans (
    sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
    exhibit TEXT NOT NULL REFERENCES exhibits (exhibit) ON UPDATE CASCADE,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    lighting TEXT NOT NULL,
    description INTEGER REFERENCES descriptions (description),
    size_bytes INTEGER NOT NULL,
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    enrolled_at TEXT NOT NULL
);
CREATE INDEX scans_by_exhibit ON scans (exhibit);
CREATE TABLE descriptions (
    description INTEGER PRIMARY KEY NOT NULL,
    sha256 TEXT NOT NULL REFERENCES scans (sha256),
    params_id TEXT NOT NULL,
    reading INTEGER NOT NULL CHECK (reading >= 0),
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    at TEXT NOT NULL,
    UNIQUE (sha256, params_id, reading)
);
CREATE TABLE marks (
    mark_id INTEGER PRIMARY KEY NOT NULL,
    sha256 TEXT NOT NULL REFERENCES scans (sha256),
    position INTEGER NOT NULL,
    mark_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    pitch_um REAL NOT NULL,
    params_id TEXT NOT NULL,
    template_sha256 TEXT NOT NULL CHECK (length(template_sha256) = 64),
    version TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT '',
    outline TEXT NOT NULL DEFAULT '',
    outlined_by TEXT NOT NULL DEFAULT '',
    verdict TEXT NOT NULL DEFAULT '',
    reading INTEGER NOT NULL DEFAULT 0,
    description INTEGER REFERENCES descriptions (description),
    UNIQUE (sha256, position)
);

-- A token that changes whenever what is searched is changed, whoever does it and how, so that
-- nothing derived from the catalogue is taken for current when it is not. What is only added, behind
-- all that is there, leaves it: whoever knows the last row can read on.
CREATE TABLE content (token TEXT NOT NULL);
INSERT INTO content VALUES (lower(hex(randomblob(16))));
CREATE TRIGGER content_events_update AFTER UPDATE ON events
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_events_delete AFTER DELETE ON events
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_exhibits_update AFTER UPDATE ON exhibits
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_exhibits_delete AFTER DELETE ON exhibits
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_scans_update AFTER UPDATE ON scans
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_scans_delete AFTER DELETE ON scans
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_marks_update AFTER UPDATE ON marks
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER content_marks_delete AFTER DELETE ON marks
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;
-- A mark of a scan that was there before makes that scan one that has a mark.
CREATE TRIGGER content_marks_late AFTER INSERT ON marks
WHEN (SELECT rowid FROM scans WHERE sha256 = new.sha256) < (SELECT max(rowid) FROM scans)
BEGIN UPDATE content SET token = lower(hex(randomblob(16))); END;

-- The audit log only ever grows, by its next number: BEFORE INSERT also stops INSERT OR REPLACE,
-- which deletes without firing a DELETE trigger. The reason of a row may be blanked, which leaves its
-- hash, by a later row that says so.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    host TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    reason_sha256 TEXT NOT NULL CHECK (length(reason_sha256) = 64),
    details TEXT NOT NULL,
    previous_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    identity TEXT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject);
-- Rows that say of which leads verdicts were shown (`VERDICTS_OF` of vault/leads.py).
CREATE INDEX audit_of_verdicts ON audit (seq) WHERE instr(details, '"verdicts_of"') > 0;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN NEW.reason <> ''
    OR (NEW.seq, NEW.at, NEW.who, NEW.host, NEW.action, NEW.subject, NEW.reason_sha256, NEW.details,
        NEW.previous_sha256, NEW.sha256, NEW.identity)
    IS NOT (OLD.seq, OLD.at, OLD.who, OLD.host, OLD.action, OLD.subject, OLD.reason_sha256,
        OLD.details, OLD.previous_sha256, OLD.sha256, OLD.identity)
BEGIN SELECT RAISE(ABORT, 'the audit log cannot be changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log cannot be deleted from'); END;
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit log only takes its next number'); END;

-- What persons state, version by version (cases/record.py). A version is never changed; the text of
-- an old one and its reason may be blanked, which leaves their hashes.
CREATE TABLE records (
    record TEXT PRIMARY KEY NOT NULL CHECK (record = kind || '/' || id || '/' || version),
    kind TEXT NOT NULL CHECK (kind <> ''),
    id TEXT NOT NULL CHECK (id <> ''),
    version INTEGER NOT NULL CHECK (version > 0),
    member TEXT NOT NULL,
    person TEXT NOT NULL,
    identity TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    reason_sha256 TEXT NOT NULL CHECK (length(reason_sha256) = 64),
    body TEXT NOT NULL,
    body_sha256 TEXT NOT NULL CHECK (length(body_sha256) = 64),
    previous_sha256 TEXT NOT NULL CHECK (length(previous_sha256) = 64),
    UNIQUE (kind, id, version)
);
CREATE TRIGGER records_are_not_changed BEFORE UPDATE ON records
WHEN (NEW.body <> '' AND NEW.body <> OLD.body) OR (NEW.reason <> '' AND NEW.reason <> OLD.reason)
    OR (NEW.record, NEW.kind, NEW.id, NEW.version, NEW.member, NEW.person, NEW.identity, NEW.at,
        NEW.reason_sha256, NEW.body_sha256, NEW.previous_sha256)
    IS NOT (OLD.record, OLD.kind, OLD.id, OLD.version, OLD.member, OLD.person, OLD.identity, OLD.at,
        OLD.reason_sha256, OLD.body_sha256, OLD.previous_sha256)
BEGIN SELECT RAISE(ABORT, 'records are superseded, never changed'); END;
CREATE TRIGGER records_are_not_deleted BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'records are superseded, never changed'); END;
CREATE TRIGGER records_only_grow BEFORE INSERT ON records
WHEN NEW.version <> (
    SELECT coalesce(max(version), 0) + 1 FROM records WHERE kind = NEW.kind AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a record only takes its next version'); END;
CREATE INDEX candidates_by_search ON records (
    CASE body WHEN '' THEN '' ELSE json_extract(body, '$.search') END) WHERE kind = 'candidate';

-- What is kept of the passwords of accounts (Argon2id). In no export and no bundle; the record of an
-- account says which one counts.
CREATE TABLE secrets (
    person TEXT PRIMARY KEY NOT NULL CHECK (person <> ''),
    secret TEXT NOT NULL CHECK (secret <> '')
);
-- Leads and reviews: superseded by later ones, never changed, with the same identifiers in the
-- vaults of both members concerned. Links follow from them, and from records (cases/lead_history.py).
CREATE TABLE leads (
    lead TEXT PRIMARY KEY NOT NULL CHECK (lead <> ''),
    pair TEXT NOT NULL CHECK (pair <> ''),
    member TEXT NOT NULL,
    reference_member TEXT NOT NULL,
    reference TEXT NOT NULL,
    reference_event TEXT NOT NULL,
    comparison_member TEXT NOT NULL,
    comparison TEXT NOT NULL,
    comparison_event TEXT NOT NULL,
    figures TEXT NOT NULL,
    examiner TEXT NOT NULL CHECK (examiner <> ''),
    at TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX leads_by_pair ON leads (pair);
CREATE INDEX leads_by_reference ON leads (reference_member, reference);
CREATE INDEX leads_by_comparison ON leads (comparison_member, comparison);
CREATE TABLE reviews (
    review TEXT PRIMARY KEY NOT NULL CHECK (review <> ''),
    lead TEXT NOT NULL REFERENCES leads (lead),
    place TEXT NOT NULL CHECK (place IN ('first', 'second')),
    blind INTEGER NOT NULL CHECK (blind IN (0, 1)),
    reviewer TEXT NOT NULL CHECK (reviewer <> ''),
    member TEXT NOT NULL,
    at TEXT NOT NULL,
    supersedes TEXT,
    content_sha256 TEXT NOT NULL CHECK (length(content_sha256) = 64)
);
CREATE INDEX reviews_by_lead ON reviews (lead);
CREATE TRIGGER leads_are_not_changed BEFORE UPDATE ON leads
BEGIN SELECT RAISE(ABORT, 'leads are superseded, never changed'); END;
CREATE TRIGGER leads_are_not_deleted BEFORE DELETE ON leads
BEGIN SELECT RAISE(ABORT, 'leads are superseded, never changed'); END;
CREATE TRIGGER reviews_are_not_changed BEFORE UPDATE ON reviews
BEGIN SELECT RAISE(ABORT, 'reviews are superseded, never changed'); END;
CREATE TRIGGER reviews_are_not_deleted BEFORE DELETE ON reviews
BEGIN SELECT RAISE(ABORT, 'reviews are superseded, never changed'); END;

-- What a member lets out, to whom and until when; what came in from others. An exhibit crosses a
-- border under a pseudonym, drawn from the setting `opaque_key`, which is made with the vault and
-- never leaves it.
CREATE TABLE settings (
    setting TEXT PRIMARY KEY NOT NULL CHECK (setting <> ''),
    value TEXT NOT NULL
);
INSERT INTO settings VALUES ('default_sharing', 'country');
INSERT INTO settings VALUES ('retention_days', '');
CREATE TABLE retention (
    exhibit TEXT PRIMARY KEY NOT NULL REFERENCES exhibits (exhibit),
    keep_until TEXT NOT NULL CHECK (keep_until <> '')
);
CREATE TABLE tombstones (
    tombstone TEXT PRIMARY KEY NOT NULL,
    exhibit TEXT NOT NULL,
    first_name TEXT NOT NULL,
    opaque TEXT NOT NULL,
    scans TEXT NOT NULL,
    keep_until TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    reason TEXT NOT NULL CHECK (reason <> '')
);
CREATE TABLE trusted_keys (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    member TEXT NOT NULL CHECK (length(member) = 3),
    signing TEXT NOT NULL CHECK (length(signing) = 64),
    sealing TEXT NOT NULL CHECK (length(sealing) = 64),
    at TEXT NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    ended_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE bundles (
    bundle TEXT PRIMARY KEY NOT NULL CHECK (length(bundle) = 64),
    direction TEXT NOT NULL CHECK (direction IN ('sent', 'received')),
    member TEXT NOT NULL CHECK (length(member) = 3),
    number INTEGER NOT NULL CHECK (number > 0),
    made_at TEXT NOT NULL,
    at TEXT NOT NULL,
    exhibits INTEGER NOT NULL,
    UNIQUE (direction, member, number)
);
CREATE TABLE received_exhibits (
    member TEXT NOT NULL CHECK (length(member) = 3),
    exhibit TEXT NOT NULL CHECK (exhibit <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('evidence', 'test_fire')),
    calibre TEXT NOT NULL,
    firing_pin_shape TEXT NOT NULL,
    breech_face_type TEXT NOT NULL,
    ammunition TEXT NOT NULL,
    make TEXT NOT NULL,
    model TEXT NOT NULL,
    released TEXT NOT NULL,
    event TEXT NOT NULL,
    case_number TEXT NOT NULL,
    date TEXT NOT NULL,
    place TEXT NOT NULL,
    firearm TEXT NOT NULL,
    PRIMARY KEY (member, exhibit)
);
CREATE TABLE received_scans (
    member TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    exhibit TEXT NOT NULL,
    kind TEXT NOT NULL,
    lighting TEXT NOT NULL,
    original TEXT NOT NULL,
    PRIMARY KEY (member, sha256),
    FOREIGN KEY (member, exhibit) REFERENCES received_exhibits (member, exhibit)
);
CREATE TABLE received_marks (
    mark_id INTEGER PRIMARY KEY NOT NULL,
    member TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    position INTEGER NOT NULL,
    mark_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    pitch_um REAL NOT NULL,
    params_id TEXT NOT NULL,
    template_sha256 TEXT NOT NULL CHECK (length(template_sha256) = 64),
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    UNIQUE (member, sha256, position),
    FOREIGN KEY (member, sha256) REFERENCES received_scans (member, sha256)
);

-- Saved searches, and what each of them has brought up.
CREATE TABLE standing_searches (
    standing TEXT PRIMARY KEY NOT NULL CHECK (standing <> ''),
    exhibit TEXT NOT NULL CHECK (exhibit <> ''),
    scope TEXT NOT NULL CHECK (scope IN ('country', 'cluster', 'network')),
    top INTEGER NOT NULL CHECK (top > 0),
    min_score REAL NOT NULL,
    who TEXT NOT NULL CHECK (who <> ''),
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    ended_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE findings (
    finding INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    standing TEXT NOT NULL REFERENCES standing_searches (standing),
    member TEXT NOT NULL,
    exhibit TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    candidate TEXT NOT NULL,
    at TEXT NOT NULL,
    told_at TEXT NOT NULL DEFAULT '',
    UNIQUE (standing, member, exhibit)
);

-- Messages: questions of other members with the answer that each got, once by sender and id; and own
-- questions on their way, and notes (without a question) of what another member has got of a lead.
CREATE TABLE questions (
    question TEXT PRIMARY KEY NOT NULL CHECK (question = sender || '/' || id),
    sender TEXT NOT NULL CHECK (length(sender) = 3),
    id TEXT NOT NULL CHECK (length(id) = 32),
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    body_sha256 TEXT NOT NULL CHECK (length(body_sha256) = 64),
    way TEXT NOT NULL CHECK (way IN ('folder', 'line', 'bundle')),
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'agreed', 'refused', 'working', 'answered')),
    answer BLOB NOT NULL
);
CREATE INDEX questions_by_time ON questions (sender, at);
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 32),
    receiver TEXT NOT NULL CHECK (length(receiver) = 3),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TEXT NOT NULL,
    question BLOB NOT NULL,
    answer BLOB NOT NULL DEFAULT x'',
    answered_at TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    tried_at TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT ''
);
