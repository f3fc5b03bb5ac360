#!/bin/sh
# Makes the database and the role of each service when the database server starts for the first time; migrations,
# which run as the owner, grant it what it needs and no more.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$INQUIRY_PASSWORD" --username "$POSTGRES_USER" --dbname inquiry <<'SQL'
create role inquiry login password :'password';
SQL
psql -v ON_ERROR_STOP=1 -v password="$TICKETING_PASSWORD" --username "$POSTGRES_USER" --dbname inquiry <<'SQL'
create role ticketing login password :'password';
create database ticketing;
SQL
psql -v ON_ERROR_STOP=1 -v password="$BILLING_PASSWORD" --username "$POSTGRES_USER" --dbname inquiry <<'SQL'
create role billing login password :'password';
create database billing;
SQL
psql -v ON_ERROR_STOP=1 -v password="$AGENCIES_PASSWORD" --username "$POSTGRES_USER" --dbname inquiry <<'SQL'
create role agencies login password :'password';
create database agencies;
SQL
psql -v ON_ERROR_STOP=1 -v password="$NOTIFY_PASSWORD" --username "$POSTGRES_USER" --dbname inquiry <<'SQL'
create role notify login password :'password';
create database notify;
SQL
