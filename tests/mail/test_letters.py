"""Letters, sent to a real server: at most once, whatever it answers and whoever dies."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from liuliang.kernel.errors import Refused
from liuliang.mail import services
from liuliang.mail.jobs import NotTakenError, send_letter
from liuliang.mail.models import Letter
from liuliang.mail.services import drop_old, give_up_lost, is_set, send, send_test, write_letter

AT = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def letter(reader):
    found = write_letter("k", reader, subject="群里安静了\n真的", text="第一行\n.第二行以点开头\n", at=AT)
    assert found is not None
    return found


def state(letter: Letter) -> str:
    letter.refresh_from_db()
    return letter.state


def test_a_letter_arrives_as_it_was_written(post, letter):
    assert send(letter.pk, at=AT) == "sent"

    (taken,) = post.taken
    assert taken["Subject"] == "群里安静了 真的"
    assert taken["From"] == "留量 <liuliang@example.com>"
    assert (taken["To"], post.recipients) == ("boss@example.com", [["boss@example.com"]])
    assert taken.get_content() == "第一行\n.第二行以点开头\n"
    assert taken["Auto-Submitted"] == "auto-generated"
    letter.refresh_from_db()
    assert (letter.sent_at, letter.attempts, letter.error) == (AT, 1, "")


def test_an_attachment_goes_with_it_and_is_then_forgotten(post, reader):
    written = write_letter(
        "k", reader, subject="复盘", text="见附件", at=AT, attachment=b"PK\x03\x04", name="复盘.xlsx"
    )

    send(written.pk, at=AT)

    (part,) = post.taken[0].iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("复盘.xlsx", b"PK\x03\x04")
    written.refresh_from_db()
    assert written.attachment is None


def test_there_is_one_letter_for_one_thing(letter, reader):
    assert write_letter("k", reader, subject="又一封", text="…", at=AT) is None
    assert Letter.objects.count() == 1
    assert ProcrastinateJob.objects.filter(task_name="mail.send_letter", args__letter=letter.pk).count() == 1


def test_many_workers_send_it_once(post, letter, at_once):
    at_once([lambda: send(letter.pk, at=AT)] * 8, 4)

    assert len(post.taken) == 1
    assert state(letter) == "sent"


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_what_a_server_does_not_take_for_now_is_tried_again(post, letter, command):
    post.answers[command] = ["451 later"]

    with pytest.raises(NotTakenError):
        send_letter(letter=letter.pk)
    assert state(letter) == "waiting"
    assert "451" in letter.error
    send_letter(letter=letter.pk)

    assert (state(letter), len(post.taken), letter.attempts, letter.error) == ("sent", 1, 2, "")


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_what_a_server_never_takes_is_given_up(post, letter, command):
    post.answers[command] = ["550 no such person"]

    send_letter(letter=letter.pk)

    assert state(letter) == "failed"
    assert letter.error == "550 no such person"
    assert send(letter.pk, at=AT) == "failed"
    assert post.taken == []


def test_a_server_that_is_down_is_asked_nine_times(letter, settings):
    settings.SMTP_HOST, settings.SMTP_PORT, settings.SMTP_SECURITY = "127.0.0.1", 9, "none"
    settings.MAIL_FROM = "liuliang@example.com"

    for _attempt in range(services.ATTEMPTS - 1):
        with pytest.raises(NotTakenError):
            send_letter(letter=letter.pk)
    send_letter(letter=letter.pk)

    assert state(letter) == "failed"
    assert "ConnectionRefusedError" in letter.error


def test_an_answer_lost_after_the_text_is_not_asked_for_again(post, letter):
    post.hangs_up = True

    send_letter(letter=letter.pk)
    send_letter(letter=letter.pk)

    assert state(letter) == "unknown"
    assert len(post.taken) == 1


def test_a_worker_that_dies_while_sending_leaves_a_letter_that_nobody_sends_again(post, letter):
    """As after kill -9: the letter is marked, and nothing more was written."""
    assert services._take(letter.pk, AT) is not None

    assert send(letter.pk, at=AT + timedelta(minutes=1)) == "sending"
    assert give_up_lost(at=AT + timedelta(minutes=1)) == 0
    assert give_up_lost(at=AT + timedelta(minutes=16)) == 1

    assert state(letter) == "unknown"
    assert post.taken == []


def test_nobody_who_was_deactivated_is_written_to(post, letter, reader):
    reader.is_active = False
    reader.save()

    assert send(letter.pk, at=AT) == "dropped"
    assert post.taken == []


def test_letters_of_long_ago_are_dropped(letter):
    drop_old(at=AT + timedelta(days=179))
    assert Letter.objects.exists()
    drop_old(at=AT + timedelta(days=181))
    assert not Letter.objects.exists()


def test_a_password_goes_over_an_encrypted_line(start_post, letter, tmp_path, monkeypatch, settings):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    post = start_post(context)
    settings.SMTP_USER, settings.SMTP_PASSWORD = "ll", "wrong"

    with pytest.raises(NotTakenError):
        send_letter(letter=letter.pk)
    assert "CERTIFICATE_VERIFY_FAILED" in Letter.objects.get().error
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(NotTakenError):
        send_letter(letter=letter.pk)
    assert "535" in Letter.objects.get().error
    settings.SMTP_PASSWORD = "secret"
    send_letter(letter=letter.pk)

    assert state(letter) == "sent"
    assert set(post.users) == {("ll", "wrong"), ("ll", "secret")}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SMTP_HOST": ""}, "mail.not_set"),
        ({"MAIL_FROM": "liuliang"}, "mail.no_sender"),
        ({"SMTP_SECURITY": "ssl"}, "mail.security"),
        ({"SMTP_HOST": "mail.example.com", "SMTP_USER": "ll"}, "mail.clear_password"),
    ],
)
def test_settings_that_cannot_work_say_why(post, reader, settings, changes, problem):
    assert is_set()
    for name, value in changes.items():
        setattr(settings, name, value)

    assert not is_set()
    with pytest.raises(Refused) as refusal:
        send_test(reader, at=AT)
    assert refusal.value.code == problem


def test_a_test_letter_says_at_once_what_the_server_thinks_of_it(post, reader):
    send_test(reader, at=AT)
    assert post.taken[0]["Subject"] == "测试邮件"
    post.answers["RCPT"] = ["550 who?"]
    with pytest.raises(Refused) as refusal:
        send_test(reader, at=AT)
    assert refusal.value.data == {"said": "550 who?"}
