"""The peers of the benches do our work through drivers of their own."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, make_url

from bench.peers.work import answer_on

CALLER = {
    "agency": "fuel-co",
    "key": "fuel-co-demo",
    "grants": [{"purpose": "fuel_quota", "until": "2099-01-01"}],
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_question_is_answered_kept_and_logged_by_each_driver(demo_db, driver, monkeypatch):
    monkeypatch.setenv("INQUIRY_LOG_KEY", "bench")
    engine = create_engine(make_url(demo_db).set(drivername=f"postgresql+{driver}"))
    data = {"key_kind": "national_id", "key": "0499370899", "purpose": "fuel_quota"}
    request = {"id": str(uuid.uuid4()), "caller": CALLER, "data": data}
    with engine.begin() as conn:
        answer = answer_on(conn, request, datetime.now(UTC))
    with engine.connect() as conn:
        kept = conn.exec_driver_sql("select verification_code from inquiries").scalars().all()
        logged = conn.exec_driver_sql("select count(*) from inquiry_log").scalar()
    engine.dispose()
    assert answer["verification_code"].replace("-", "") in {code.replace("-", "") for code in kept}
    assert logged == 1
