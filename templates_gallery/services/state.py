"""The revision of what lists show: raised with every change, so that each process makes its index anew."""

from django.db.models import F

from templates_gallery.models import GalleryState


def raise_revision() -> None:
    """Say that what is listed changed; last of all, in the change's transaction."""
    rows = GalleryState.objects.filter(pk=1)
    if not rows.update(revision=F("revision") + 1):
        GalleryState.objects.bulk_create([GalleryState(pk=1)], ignore_conflicts=True)
        rows.update(revision=F("revision") + 1)
