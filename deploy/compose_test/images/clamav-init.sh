#!/bin/sh
# Starts clamd with the EICAR test virus as all that it knows; the real image starts freshclam beside it. Like the real
# one it needs /var/lib/clamav and /tmp alone, and listens on 3310.
set -eu
eicar=58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d
eicar="${eicar}414e544956495255532d544553542d46494c452124482b482a"
printf 'Eicar-Test-Signature:0:*:%s\n' "$eicar" > /var/lib/clamav/mirab.ndb
printf 'Foreground yes\nTCPSocket 3310\nLocalSocket /tmp/clamd.sock\nDatabaseDirectory /var/lib/clamav\n' > /tmp/clamd.conf
printf 'TemporaryDirectory /tmp\nStreamMaxLength 30M\nLogFile /var/log/clamav/clamd.log\n' >> /tmp/clamd.conf
exec clamd --config-file=/tmp/clamd.conf
