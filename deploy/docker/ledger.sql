-- The ledgers of all practices, in a database of their own. Runs when the database's volume is new.
CREATE DATABASE ledger;
