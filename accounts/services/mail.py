"""Mail: written down with what it is about, sent after the commit, and again until it is taken.

A mail is a row of the transaction that it tells of, so neither is there without the other. Right
after the commit it is tried at once, beside the request where a server elsewhere takes it; what
that server refused for now is tried again by the upkeep, for about a day. One that was handed over
is forgotten. A crash in between sends it twice rather than never.
"""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from smtplib import SMTPException
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.db import close_old_connections, connection, transaction
from django.db.models import F
from django.template.loader import render_to_string

from accounts import conf
from accounts.models import OutgoingMail
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from common.secrets import Place, SecretUnreadable

logger = logging.getLogger(__name__)

# How long after each try the next one comes; after the last one the mail is given up.
WAITS = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=18),
)
_AT_ONCE = 100
_SENDERS = 2


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says; text and HTML are made from it alike.

    `button` is a label and the address behind it, `code` something to type in, `note` the small
    print: why it came, and what to do if it should not have.
    """

    subject: str
    heading: str
    lines: tuple[str, ...]
    button: tuple[str, str] | None = None
    code: str = ""
    note: str = ""


def post_letter(*, to: str, letter: Letter, clock: Clock = SYSTEM_CLOCK) -> None:
    """Write a letter down and send it once the transaction holds."""
    shown = {"letter": letter, "site": conf.public_url()}
    post_mail(
        to=to,
        subject=letter.subject,
        text=render_to_string("accounts/mail/letter.txt", shown),
        html=render_to_string("accounts/mail/letter.html", shown),
        clock=clock,
    )


def post_mail(*, to: str, subject: str, text: str, html: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Write a mail down and send it once the transaction holds."""
    now = clock.now()
    row = OutgoingMail(id=new_id("mail"), to=to, due_at=now, created_at=now)
    content = {"subject": " ".join(subject.split()), "text": text.strip() + "\n", "html": html}
    row.sealed = conf.key_ring().seal(json.dumps(content), _place(row))
    row.save(force_insert=True)
    transaction.on_commit(lambda: _try_at_once(row.id, clock))


def deliver_due_mail(
    *, clock: Clock = SYSTEM_CLOCK, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Try what is due; returns how many mails were handed over."""
    due = OutgoingMail.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    found = list(due.values_list("pk", flat=True)[:_AT_ONCE])
    return sum(deliver_mail(mail_id=mail_id, clock=clock) for mail_id in found if not should_stop())


def deliver_mail(*, mail_id: str, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Hand a mail that is due to the mail server; says whether that went well.

    Of two who try it at once, one does.
    """
    now = clock.now()
    row = OutgoingMail.objects.filter(pk=mail_id, due_at__lte=now).first()
    if row is None or not _is_taken(row, now):
        return False
    try:
        _message(row).send()
    except (SMTPException, OSError, SecretUnreadable) as error:
        _put_off(row, error)
        return False
    OutgoingMail.objects.filter(pk=row.pk).delete()
    return True


def _is_taken(row: OutgoingMail, now: datetime) -> bool:
    """Say whether it is this call that tries: the next try is set before this one."""
    later = now + WAITS[min(row.tries, len(WAITS) - 1)]
    mine = OutgoingMail.objects.filter(pk=row.pk, due_at=row.due_at, tries=row.tries)
    return bool(mine.update(due_at=later, tries=F("tries") + 1))


def _message(row: OutgoingMail) -> EmailMultiAlternatives:
    content: dict[str, Any] = json.loads(conf.key_ring().open(row.sealed, _place(row)))
    message = EmailMultiAlternatives(content["subject"], content["text"], to=[row.to])
    message.attach_alternative(content["html"], "text/html")
    return message


def _put_off(row: OutgoingMail, error: Exception) -> None:
    told = {"action": "mail_failed"}
    if row.tries + 1 < len(WAITS) and not isinstance(error, SecretUnreadable):
        logger.warning("mail %s waits: %s", row.id, type(error).__name__, extra=told)
        return
    logger.error("mail %s is given up: %s", row.id, type(error).__name__, extra=told)
    OutgoingMail.objects.filter(pk=row.pk).delete()


def _try_at_once(mail_id: str, clock: Clock) -> None:
    if conf.sends_mail_out():
        _senders().submit(_try_beside, mail_id, clock)
    else:
        deliver_mail(mail_id=mail_id, clock=clock)


def _try_beside(mail_id: str, clock: Clock) -> None:
    close_old_connections()
    try:
        deliver_mail(mail_id=mail_id, clock=clock)
    except Exception:  # the edge of a thread: the upkeep tries it again
        logger.exception("mail %s failed", mail_id, extra={"action": "mail_failed"})
    finally:
        connection.close()


@cache
def _senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_SENDERS, thread_name_prefix="mail")


def _place(row: OutgoingMail) -> Place:
    return Place("outgoing_mail", "sealed", "", row.id)
