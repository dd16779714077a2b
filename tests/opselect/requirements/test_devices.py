"""Device strings of nodes, as TensorFlow's placer reads them."""

from __future__ import annotations

import pytest

from opselect.requirements.devices import asked_device, device_type


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ("", ""),
        ("/job:worker/replica:0/task:1/device:GPU:0", "GPU"),
        ("/device:CPU:0", "CPU"),
        ("/device:GPU:*", "GPU"),
        ("/gpu:1", "GPU"),
        ("/job:w/cpu:0", "CPU"),
        ("/device:gpu:0", "GPU"),
        ("/device:XLA_CPU:0", "XLA_CPU"),
        ("/job:gpu/task:0", ""),
        ("/device:*", ""),
    ],
)
def test_device_types(device: str, kind: str) -> None:
    assert device_type(device) == kind


@pytest.mark.parametrize(
    ("device", "asked"),
    [
        ("", ""),
        ("/", ""),
        ("/cpu:0", "CPU"),
        ("/cpu:*", "CPU"),
        ("/device:CPU:00", "CPU"),
        ("/device:CPU", "CPU"),
        ("/device:*:0", ""),
        ("/job:localhost", ""),
        ("/job:localhost/replica:0/task:0/cpu:0", "CPU"),
        ("/job:*/task:*", ""),
        ("/gpu:1", "GPU"),
        ("/device:gpu:0", "gpu"),
        ("/device:cpu:0", "/device:cpu:0"),
        ("/job:localhost/device:GPU:0", "GPU"),
        ("/device:XLA_CPU:0", "XLA_CPU"),
        # What no session of one process has, whatever its devices are.
        ("/job:worker", "/job:worker"),
        ("/job:ps/task:0/cpu:0", "/job:ps/task:0/cpu:0"),
        ("/job:LOCALHOST", "/job:LOCALHOST"),
        ("/replica:1", "/replica:1"),
        ("/task:1", "/task:1"),
        ("/device:CPU:1", "/device:CPU:1"),
        ("/device:*:1", "/device:*:1"),
        # What is no device at all.
        ("nowhere", "nowhere"),
        ("CPU:0", "CPU:0"),
        ("/job:", "/job:"),
        ("/task:0/", "/task:0/"),
        ("/device:CPU:x", "/device:CPU:x"),
        ("/cpu:0 ", "/cpu:0 "),
    ],
)
def test_what_a_node_asks_for(device: str, asked: str) -> None:
    assert asked_device(device) == asked
