"""What the text of a URL alone shows (rows F1, F2, F7, F8), and how it stands in logs (F20)."""

import pytest

from common.fetch import FetchPolicy, UrlNotAllowed, check_url, redact_url


def rows(text: str) -> list[str]:
    """Return the words of `text`, one row each."""
    return text.split()


LOOPBACK_FORMS = rows("""
127.1 127.0.1 0x7f000001 0X7F000001 2130706433 0177.0.0.1 0177.1 017700000001 0x7f.1 0x7f.0.0.1
127.0.0x1 0 0x0 00 0.0.0.0 127.0.0.1 127.0.0.1. 127.000.000.001 127.0.0.01 4294967295 256 0x
①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 127｡0｡0｡1 １２７.０.０.１ 𝟏𝟐𝟕.0.0.1 ١٢٧.٠.٠.١ 127%2e0%2e0%2e1
%31%32%37.0.0.1 localhost LOCALHOST localhost. localhost.. ⓛocalhost a.localhost printer.local
db.internal metadata.google.internal. router.home.arpa nas.lan host.corp redis 169.254.169.254
10.0.0.1 192.168.1.1 168.63.129.16 1.1.1.256 1.1.1.1.1 0300.0250.1.1 evil.com.0x7f
""")

IPV6_FORMS = rows("""
[::1] [::] [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::ffff:127.0.0.1] [64:ff9b::a9fe:a9fe]
[64:ff9b:1::a9fe:a9fe] [2002:a9fe:a9fe::] [::127.0.0.1] [fe80::1%25eth0] [fe80::1%eth0] [fe80::1]
[::1%25lo] [2606:4700::1111%25eth0] [fec0::1] [fd00:ec2::254] [2001:db8::1] [2001::1] [3fff::1]
[ff02::1] [0:0:0:0:0:0:0:1] [::0001] [v1.fe80::a] [] [::1 ::1 [::1]. [::1]x [127.0.0.1]
""")

OTHER_SCHEMES = [
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "ftp://example.com/a",
    "gopher://example.com:80/_GET",
    "dict://example.com:80/info",
    "jar:http://example.com!/a",
    "data:text/plain,hello",
    "unix:/run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/info",
    "ws://example.com/",
    "javascript:alert(1)",
    "url:http://example.com/",
    "//example.com/a",
    "/etc/passwd",
    "example.com/a",
    "",
]

CONFUSING = [
    "http://user:pass@example.com/",
    "http://user@example.com/",
    "http://:pass@example.com/",
    "http://@127.0.0.1/",
    "http://a@b@example.com/",
    "http://127.0.0.1%40example.com/",
    "http://evil.com#@example.com/",
    "http://example.com\\@evil.com/",
    "http:\\\\example.com\\",
    "http://example.com/a\\b",
    "http://exa\tmple.com/",
    "http://example.com/a\nb",
    "http://example.com/a\r\nHost: evil",
    "http://example.com/\x00",
    "http://example.com/\x7f",
    "http://example.com/a b",
    " http://example.com/",
    "http://example.com/ ",
    "http://example.com/\u00a0",
    "http://example.com/\u2028",
    "http://exam\u200bple.com/",
    "http://exam\u00adple.com/",
    "http://example.com/\u202egpj.exe",
    "http://example.com/\ud800",
    "http:///x",
    "http://",
    "http:",
    "http:/example.com",
    "http:example.com",
    "http://:80/",
    "http://./",
    "http://.example.com/",
    "http://example..com/",
    "http://exam%2fple.com/",
    "http://exam(ple).com/",
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 130}com/",
    "http://xn--\u00e9.com/",
    "http://example.com:80:443/",
    "http://example.com:x/",
    "http://example.com:-80/",
    f"http://example.com:{'9' * 5000}/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://example.com:0/",
    "http://example.com:65616/",
    "https://example.com:25/",
    "http://example.com/" + "a" * 10_000,
    "http://example.com/" + "\u00e9" * 5_000,
]

ALLOWED = [
    "http://example.com",
    "https://example.com/",
    "HTTPS://EXAMPLE.COM/A",
    "https://example.com:443/",
    "http://example.com:80",
    "http://example.com:8080/a.png",
    "https://example.com:8443/a?b=c&d=%20#e",
    "https://example.com./",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://[::ffff:8.8.8.8]/",
    "https://bücher.example/straße?q=ü",
    "https://例え.jp/画像.png",
    "https://xn--bcher-kva.example/",
    "https://my_bucket.s3.amazonaws.com/k?X-Amz-Signature=ab%2Fcd",
    "https://medium.com/@user/post?mail=a@b.com",
    "https://localhost.example.com/",
    "https://internal.example.com/",
    "https://127.0.0.1.nip.io/",
    "https://3com.com/1.2.3.4",
    "https://1e100.net/",
    "http://example.com/" + "a" * 8_000,
]


def refusal_of(url: str) -> UrlNotAllowed:
    with pytest.raises(UrlNotAllowed) as caught:
        check_url(url)
    return caught.value


@pytest.mark.parametrize("host", LOOPBACK_FORMS)
@pytest.mark.parametrize("form", ["http://{}/", "https://{}:8443/a?b"])
def test_F1_literal_loopback_forms_are_refused(host: str, form: str):
    assert refusal_of(form.format(host)).code == "url_not_allowed"


@pytest.mark.parametrize("host", IPV6_FORMS)
@pytest.mark.parametrize("form", ["http://{}/", "https://{}:8443/a?b"])
def test_F2_special_ipv6_literals_are_refused(host: str, form: str):
    assert refusal_of(form.format(host)).code == "url_not_allowed"


@pytest.mark.parametrize("url", OTHER_SCHEMES)
def test_F7_other_schemes_are_refused(url: str):
    assert refusal_of(url).status == 422


@pytest.mark.parametrize("url", CONFUSING)
def test_F8_what_parsers_disagree_about_is_refused(url: str):
    assert refusal_of(url).code == "url_not_allowed"


def test_F8_a_refusal_quotes_nothing_of_the_url():
    refusal = refusal_of("http://user:hunter2/x")

    assert "hunter2" not in str(refusal)
    assert refusal.__cause__ is None
    assert refusal.__suppress_context__


@pytest.mark.parametrize("url", ALLOWED)
def test_ordinary_urls_are_allowed(url: str):
    check_url(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4000/", "http://localhost:4000", "http://fake:4000/"]
)
def test_a_listed_loopback_port_is_allowed(url: str):
    check_url(url, allow=FetchPolicy(frozenset({4000})))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:4001/",
        "http://127.1:4000/",
        "http://10.0.0.1:4000/",
        "http://8.8.8.8:4000/",
        "http://[fe80::1]:4000/",
        "http://localhost/",
        "http://u:p@127.0.0.1:4000/",
        "file://127.0.0.1:4000/a",
    ],
)
def test_a_listed_loopback_port_allows_nothing_else(url: str):
    with pytest.raises(UrlNotAllowed):
        check_url(url, allow=FetchPolicy(frozenset({4000})))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://b.example/k.png?X-Amz-Signature=secret#secret", "https://b.example/k.png"),
        ("https://user:secret@b.example:8443/k", "https://b.example:8443/k"),
        ("https://b.example?secret", "https://b.example/"),
        ("https://[2606:4700::1]/k?secret", "https://[2606:4700::1]/k"),
        ("http:user:secret@b.example/k", "http:…"),
        ("data:text/plain,secret", "data:…"),
        ("//user:secret@b.example/k", "[unreadable URL]"),
        ("http://user:secret/k", "[unreadable URL]"),
        ("http://b.example/\nsecret", "[unreadable URL]"),
        ("http://[secret]/", "[unreadable URL]"),
        ("", "[unreadable URL]"),
    ],
)
def test_F20_a_redacted_url_holds_no_secret(url: str, shown: str):
    assert redact_url(url) == shown


def test_F20_a_redacted_url_is_short():
    assert len(redact_url("https://b.example/" + "a" * 60_000)) == 512
