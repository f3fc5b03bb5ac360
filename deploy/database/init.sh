#!/bin/sh
# Makes the database and the role of each service when the database server starts for the first time; migrations,
# which run as the owner, grant it what it needs and no more. A role connects to its own database alone.
set -eu
for service in inquiry ticketing billing notify agencies; do
    variable=$(printf '%s_PASSWORD' "$service" | tr '[:lower:]' '[:upper:]')
    password=$(printenv "$variable") || { echo "Set $variable." >&2; exit 1; }
    psql -v ON_ERROR_STOP=1 -v password="$password" -v service="$service" \
        --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role :"service" login password :'password';
select format('create database %I', :'service')
    where not exists (select 1 from pg_database where datname = :'service') \gexec
revoke connect, temporary on database :"service" from public;
grant connect, temporary on database :"service" to :"service";
SQL
done
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
revoke connect, temporary on database postgres, template1 from public;
SQL
