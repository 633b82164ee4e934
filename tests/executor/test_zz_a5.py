import pytest
from django.test import Client
from tests.client import ApiClient
@pytest.mark.django_db
def test_pages(workspace, api):
    r=api.get("/nodes/text.plan"); print(r.status_code, r.json()["price"], r.json()["params"]["properties"]["model"]["default"])
    r=Client().get("/docs/nodes"); print(r.status_code, b"text.plan" in r.content)
    i=r.content.find(b"text.plan"); print(r.content[i-200:i+1500].decode())
