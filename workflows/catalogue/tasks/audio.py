"""Tasks that give sounds, or texts from sounds."""

from workflows.catalogue.ports import Port
from workflows.catalogue.tasks.base import Task
from workflows.catalogue.tasks.results import AudioTask, StemsTask, TranscriptTask


class TextToSpeech(AudioTask):
    """Speaks a text."""

    task = Task(
        "text-to-speech",
        "Text to speech",
        "audio",
        "Speaks a text.",
        needs=("text",),
    )


class SpeechToSpeech(AudioTask):
    """Says the same in another voice."""

    task = Task(
        "speech-to-speech",
        "Voice changer",
        "audio",
        "Says the same in another voice.",
        inputs=(Port("audio", "audio", "Audio"),),
    )


class SpeechToText(TranscriptTask):
    """Writes down what is said."""

    task = Task(
        "speech-to-text",
        "Speech to text",
        "text",
        "Writes down what is said.",
        inputs=(Port("audio", "audio", "Audio"),),
        is_random=False,
    )


class Music(AudioTask):
    """Makes music from words."""

    task = Task(
        "music",
        "Music",
        "audio",
        "Makes music from words.",
        needs=("prompt",),
    )


class SoundEffect(AudioTask):
    """Makes a sound from words or for a film."""

    task = Task(
        "sound-effect",
        "Sound effect",
        "audio",
        "Makes a sound from words or for a film.",
    )


class SeparateAudio(StemsTask):
    """Takes voices and instruments apart."""

    task = Task(
        "separate-audio",
        "Separate audio",
        "audio",
        "Takes voices and instruments apart.",
        inputs=(Port("audio", "audio", "Audio"),),
        is_random=False,
    )


TASKS = (TextToSpeech, SpeechToSpeech, SpeechToText, Music, SoundEffect, SeparateAudio)
