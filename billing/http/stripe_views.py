"""`POST /billing/stripe`: where Stripe rings. It stores and answers; a worker does the rest.

Not part of the API that customers see. Stripe sends again for three days what is not answered 2xx.
"""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from billing.services.payments.inbox import take_event
from common.errors import PixelFlowError, Unavailable
from common.http.body import MAX_JSON_BYTES, check_encoding, read_bytes
from common.http.guard import guard
from common.http.plain import problem_response
from common.http.rendering import render_json

RATE = "1200/m"  # from one address; a signature is cheap to check, and Stripe sends in bursts


@csrf_exempt
@guard("stripe", by_address=RATE)
def stripe_webhook(request: HttpRequest) -> HttpResponseBase:
    """Store an event that Stripe signed."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        check_encoding(request)
        payload = read_bytes(request, limit=MAX_JSON_BYTES)
        is_new = take_event(payload=payload, signature=request.headers.get("Stripe-Signature", ""))
    except PixelFlowError as error:
        return problem_response(request, error)
    except DatabaseError:  # whatever it is, nothing is stored, and Stripe shall send it again
        return problem_response(request, Unavailable(retry_after_s=5))
    return HttpResponse(render_json({"received": is_new}), content_type="application/json")
