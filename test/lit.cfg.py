"""lit configuration: every .mlir, .textproto and .test file under test/ is a test."""
import os

import lit.formats

config.name = "fnc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".textproto"]
config.excludes = ["golden", "bench", "firmware", "install", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.fnc_binary_dir, "test")
config.environment["PATH"] = os.pathsep.join([config.fnc_tools_dir, config.llvm_tools_dir, config.environment["PATH"]])
config.substitutions.append(("%fnc_source", config.fnc_source_dir))
# A model in text, as a serialized one.
config.substitutions.append(("%encode", f"protoc --proto_path={config.onnx_proto_dir} --encode=onnx.ModelProto onnx.proto"))
