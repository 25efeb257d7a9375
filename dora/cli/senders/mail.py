"""Sends a digest by mail: SMTP with STARTTLS or TLS, and a login if one is configured."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from dora.cli.senders.errors import UncertainError, UnsentError
from dora.config.digest import Mail, parse_address
from dora.config.secret_files import read_secret
from dora.errors import AuthError, UsageError
from dora.export.digest.mail import compose
from dora.export.digest.message import Message

ATTEMPTS, BACKOFF_SECONDS, TIMEOUT_SECONDS = 4, 0.5, 60.0
AGAIN = "repeat the command later; who has the mail does not get it again."


class MailSender:
    """Sends one mail to all recipients who do not have it yet."""

    def __init__(self, settings: Mail, name: str) -> None:
        self._settings, self._name = settings, name

    @property
    def place(self) -> str:
        """Whom the digest is sent to, for people."""
        return f"{', '.join(self._settings.recipients)} by {self._settings.host}"

    def read_places(self) -> tuple[str, ...]:
        """Return the addresses. Raises ``UsageError`` without a password for the user."""
        self._password()
        recipients = (parse_address(recipient, "recipients") for recipient in self._settings.recipients)
        return tuple(dict.fromkeys(recipient.addr_spec for recipient in recipients))

    def preview(self, message: Message, key: str) -> EmailMessage:
        """Return the mail."""
        return compose(message, self._settings, self._name, key, datetime.now(UTC))

    def send(self, message: Message, key: str, places: tuple[str, ...]) -> list[str]:
        """Send the mail and return who was refused. Raises ``AuthError`` and ``PartialError``."""
        content = self.preview(message, key).as_bytes()
        reason = ""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._submit(places, content)
            except (OSError, smtplib.SMTPException) as error:
                reason = self._reason(error)
            if attempt < ATTEMPTS:
                time.sleep(BACKOFF_SECONDS * 2.0 ** (attempt - 1))
        raise UnsentError(f"{self._server} {reason}, {ATTEMPTS} times; nothing was sent.", AGAIN)

    @property
    def _server(self) -> str:
        return "{}:{}".format(*self._settings.server)

    def _reason(self, error: OSError | smtplib.SMTPException) -> str:
        """Return why an attempt failed, if another one can succeed."""
        settings = self._settings
        if isinstance(error, ssl.SSLCertVerificationError):
            raise UnsentError(
                f"{self._server} has a certificate that is not trusted ({error.verify_message}); nothing was sent.",
                "have it renewed, or set ca_file to the certificate of the authority that signed it.",
            ) from None
        if isinstance(error, smtplib.SMTPAuthenticationError):
            raise AuthError(
                f"{self._server} does not accept user and password ({error.smtp_code}); nothing was sent.",
                f"give {settings.password_file or settings.password_env} the password of the user.",
            ) from None
        if isinstance(error, smtplib.SMTPNotSupportedError):
            missing = "STARTTLS" if settings.security == "starttls" else "login"
            raise UnsentError(
                f"{self._server} offers no {missing}; nothing was sent.",
                'set security and port to those of the server: "starttls" with 587, "tls" with 465.',
            ) from None
        if isinstance(error, smtplib.SMTPResponseException):
            if error.smtp_code >= 500:
                raise UnsentError(
                    f"{self._server} refuses the mail ({error.smtp_code}); nothing was sent.",
                    "check sender and recipients.",
                ) from None
            return f"answered {error.smtp_code}"
        return f"gave no answer ({type(error).__name__})"

    def _submit(self, places: tuple[str, ...], content: bytes) -> list[str]:
        smtp = self._connect()
        try:
            return _submit(smtp, parse_address(self._settings.sender, "sender").addr_spec, places, content)
        finally:
            # However the server takes leave, the mail is submitted or not by then.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        host, port = self._settings.server
        ca_file = self._settings.ca_file
        context = ssl.create_default_context(cafile=str(Path(ca_file).expanduser()) if ca_file else None)
        if self._settings.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        try:
            if self._settings.security == "starttls":
                smtp.starttls(context=context)
            if self._settings.user is not None:
                smtp.login(self._settings.user, self._password())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _password(self) -> str:
        settings = self._settings
        if settings.user is None:
            return ""
        password = read_secret(settings.password_env, settings.password_file, "nothing was sent")
        if not password:
            raise UsageError(
                f"[digest.{self._name}] has a user, and {settings.password_file or f'${settings.password_env}'} has no"
                " password; nothing was sent.",
                "set it, or name a file as password_file; never write the password into dora.toml.",
            )
        return password


def _submit(smtp: smtplib.SMTP, sender: str, recipients: tuple[str, ...], content: bytes) -> list[str]:
    """Submit a mail and return who was refused.

    The commands one by one: a connection that ends after the content leaves open whether the mail is on its way.
    """
    smtp.ehlo_or_helo_if_needed()
    _expect(smtp.mail(sender))
    replies = {recipient: smtp.rcpt(recipient) for recipient in recipients}
    refused = [recipient for recipient, (code, _) in replies.items() if code not in (250, 251)]
    if len(refused) == len(recipients):
        _expect(replies[refused[0]])
    try:
        _expect(smtp.data(content))
    except (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError):
        raise UncertainError(
            "The mail server ended the connection before it confirmed the mail, which may be on its way.",
            "look into the mailbox of a recipient; `--again` sends it once more.",
        ) from None
    return refused


def _expect(reply: tuple[int, bytes]) -> None:
    code, text = reply
    if code not in (250, 251):
        raise smtplib.SMTPResponseException(code, text)
