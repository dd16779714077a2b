"""Frozen models of ``keras.applications`` with random weights, made by an environment that has TensorFlow."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

MAKE = """
import json, sys
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
name, path = sys.argv[1:]
tf.keras.utils.set_random_seed(1)
model = getattr(tf.keras.applications, name)(weights=None)
call = tf.function(lambda image: model(image, training=False))
traced = call.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="image"))
constant = convert_variables_to_constants_v2(traced)
with open(path, "wb") as file:
    file.write(constant.graph.as_graph_def().SerializeToString(deterministic=True))
print(json.dumps([constant.inputs[0].op.name, constant.outputs[0].op.name]))
"""


@dataclass(frozen=True, slots=True)
class FrozenModel:
    """A frozen GraphDef, and the nodes where it begins and ends."""

    path: Path
    input: str
    output: str


def frozen(python: str, name: str, folder: Path) -> FrozenModel:
    """The model of ``keras.applications`` of this name, in a folder."""
    path = folder / f"{name}.pb"
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([python, "-c", MAKE, name, path], env=env, check=True, capture_output=True, text=True)
    return FrozenModel(path, *json.loads(done.stdout.splitlines()[-1]))
