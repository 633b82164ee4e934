"""The product's routes, and behind them the bare endpoints."""

from benchmarks.bare.urls import urlpatterns as bare_routes
from pixelflow_site.urls import handler400, handler403, handler404, handler500
from pixelflow_site.urls import urlpatterns as product_routes

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [*product_routes, *bare_routes[1:]]
