#!/bin/sh
# Makes the database and the two roles of each service when the database server starts for the first time: its owner
# (NAME_owner), as whom migrations run, and the role of the service, to which they grant what it needs and no more.
# Neither is a superuser, and each connects to its own database alone.
set -eu
for service in inquiry ticketing billing notify agencies; do
    name=$(printf '%s' "$service" | tr '[:lower:]' '[:upper:]')
    password=$(printenv "${name}_PASSWORD") || { echo "Set ${name}_PASSWORD." >&2; exit 1; }
    owner=$(printenv "${name}_OWNER_PASSWORD") || { echo "Set ${name}_OWNER_PASSWORD." >&2; exit 1; }
    psql -v ON_ERROR_STOP=1 -v password="$password" -v owner_password="$owner" -v service="$service" \
        -v owner="${service}_owner" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role :"service" login password :'password';
create role :"owner" login password :'owner_password';
select format('create database %I', :'service')
    where not exists (select 1 from pg_database where datname = :'service') \gexec
alter database :"service" owner to :"owner";
revoke connect, temporary on database :"service" from public;
grant connect, temporary on database :"service" to :"service";
SQL
done
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
revoke connect, temporary on database postgres, template1 from public;
SQL
