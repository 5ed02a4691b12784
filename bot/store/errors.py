"""Errors of the store; what a caller can do about them sorts them.

StoreError
├── DatabaseUnusableError   the database can't be opened: the message is one sentence for the operator
│   ├── DatabaseAwayError       it is locked, full or can't be reached: later it may be as it should be
│   ├── DatabaseDamagedError    pages of its file are damaged: only a backup helps
│   ├── NewerDatabaseError      it was written by a later version of the bot
│   ├── OutdatedDatabaseError   it has to be migrated first
│   └── DataFolderTakenError    another process works in the data folder
├── DatabaseClosedError     it is closed, or about to be: nothing more is read or written
└── UnreadableRowError      one stored generation can't be read back; the others can
"""


class StoreError(Exception):
    """Something is wrong with what is stored."""


class DatabaseUnusableError(StoreError):
    """The database can't be opened as it is; the message says what to mend."""


class DatabaseAwayError(DatabaseUnusableError):
    """The database is locked, full or can't be reached; trying again later may help."""


class DatabaseDamagedError(DatabaseUnusableError):
    """The database's file is damaged inside."""


class NewerDatabaseError(DatabaseUnusableError):
    """The database was migrated by a later version of the bot."""


class OutdatedDatabaseError(DatabaseUnusableError):
    """The database was not migrated to this version of the bot yet."""


class DataFolderTakenError(DatabaseUnusableError):
    """Another process works in the data folder."""


class DatabaseClosedError(StoreError):
    """The database is closed, or about to be."""


class UnreadableRowError(StoreError):
    """A stored generation can't be read back."""

    def __init__(self, generation_id: str, cause: str) -> None:
        super().__init__(f"the stored generation {generation_id} can't be read back: {cause}")
        self.generation_id = generation_id
        self.cause = cause
