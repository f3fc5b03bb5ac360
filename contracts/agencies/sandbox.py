"""What a key of the sandbox may do, as the register gives it and the reference tells it.

Its owner is the team of services/agencies.
"""

# Contracts that are asked with a purpose, and that purpose.
WITH_PURPOSE = {
    "inquiry.ask.v1": "fuel_quota",
    "inquiry.submit_batch.v1": "fuel_quota",
    "inquiry.ask_parcel.v1": "land_transfer",
    "inquiry.watch.v1": "fuel_quota",
}
# Contracts that reach nobody but the agency itself. Messages to people are for known agencies.
WITHOUT_PURPOSE = (
    "inquiry.get.v1",
    "inquiry.batch_status.v1",
    "inquiry.read_batch.v1",
    "inquiry.read_parcel.v1",
    "inquiry.verify.v1",
    "inquiry.watch_seeds.v1",
    "inquiry.rotate_watch_seed.v1",
    "inquiry.unwatch.v1",
    "inquiry.watches.v1",
    "inquiry.signals.v1",
    "billing.quote.v1",
    "billing.list_bills.v1",
    "billing.look_up.v1",
    "billing.statement.v1",
    "notify.put_callback.v1",
    "notify.callbacks.v1",
    "notify.test_callback.v1",
    "notify.callback_deliveries.v1",
    "notify.replay_callback.v1",
    "notify.rotate_callback_secret.v1",
    "notify.drop_callback.v1",
)
# How the codes of those begin who try things out for some days.
SANDBOX = "sandbox-"
# For how many days an entry holds, and how many questions it may ask a day for each purpose.
MOST_DAYS = 30
PER_DAY = 1000
