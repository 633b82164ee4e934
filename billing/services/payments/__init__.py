"""Payments: selling at Stripe, and booking what became of it.

Stripe's events are doorbells. What is booked is what Stripe says when it is asked, so events that
come twice, in another order, late or never lead to the same end.
"""
