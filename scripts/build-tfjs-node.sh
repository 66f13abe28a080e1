#!/usr/bin/env bash
# Builds the real @tensorflow/tfjs-node against the TensorFlow in PyPI's tensorflow-cpu wheel. Use it on a machine that
# reaches only package registries: the package's own installer downloads TensorFlow from elsewhere.
#
#   bash scripts/build-tfjs-node.sh        then engine `node` works: import('@tensorflow/tfjs-node') resolves
#
# Needs Linux x86_64, Node < 23, python3 with pip, and g++. Everything is written to .tfjs-node/, which git ignores and
# which takes about 1.3 GB with the wheel. At the end node_modules/@tensorflow/tfjs-node is a link into it. `npm ci`
# removes this link: run the script again, and it only makes the link. tfjs-core and tfjs-backend-cpu come from the
# project, so there is one kernel registry. The binding finds TensorFlow by its rpath and needs no LD_LIBRARY_PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

tfjs=4.22.0
tensorflow=2.21.0
napi_headers=1.9.0
napi=8
root=$PWD
home=$root/.tfjs-node
package=$home/node_modules/@tensorflow/tfjs-node
binding=$package/lib/napi-v$napi/tfjs_binding.node

die() { echo "build-tfjs-node: $*" >&2; exit 1; }

link_into_project() {
  mkdir -p node_modules/@tensorflow
  rm -rf node_modules/@tensorflow/tfjs-node
  ln -s ../../.tfjs-node/node_modules/@tensorflow/tfjs-node node_modules/@tensorflow/tfjs-node
}

loads() {
  TF_CPP_MIN_LOG_LEVEL=2 node -e "const tf = require('@tensorflow/tfjs-node');
    if (tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0] !== 11) throw new Error('wrong product');
    console.log('@tensorflow/tfjs-node', tf.version['tfjs-node'], 'on TensorFlow', tf.backend().binding.TF_Version)"
}

install_packages() {
  mkdir -p "$home"
  echo '{ "private": true }' > "$home/package.json"
  (cd "$home" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
    "@tensorflow/tfjs-node@$tfjs" "node-api-headers@$napi_headers")
  rm -rf "$home"/node_modules/@tensorflow/{tfjs-core,tfjs-backend-cpu}
}

download_tensorflow() {
  python3 -m pip download --quiet --no-deps --only-binary :all: --implementation cp --python-version 3.11 --abi cp311 \
    --platform manylinux_2_27_x86_64 --dest "$home/downloads" "tensorflow-cpu==$tensorflow"
}

# Unpacks the two libraries, and the headers of the C interface with those that they include.
unpack_tensorflow() {
  python3 - "$home"/downloads/tensorflow_cpu-$tensorflow-*.whl "$package/deps" <<'PYTHON'
import pathlib, shutil, sys, zipfile
wheel, deps = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
headers = tuple(f"tensorflow/include/{d}/" for d in ("tensorflow/c", "tensorflow/core/platform", "xla/tsl/c", "tsl/platform"))
for name in wheel.namelist():
    path = pathlib.PurePosixPath(name)
    if name in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"):
        to = deps / "lib" / path.name
    elif path.suffix == ".h" and name.startswith(headers):
        to = deps / path.relative_to("tensorflow")
    else:
        continue
    to.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(name) as source, open(to, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 24)
PYTHON
}

compile_binding() {
  mkdir -p "$(dirname "$binding")"
  g++ -O2 -std=c++17 -fPIC -shared -DNAPI_VERSION=$napi -o "$binding" \
    "$package"/binding/tfjs_backend.cc "$package"/binding/tfjs_binding.cc \
    -I"$package" -I"$package/deps/include" -I"$home/node_modules/node-api-headers/include" \
    -L"$package/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
    -Wl,-rpath,'$ORIGIN/../../deps/lib'
}

if [ -f "$binding" ]; then
  link_into_project
  if loads; then exit 0; fi
  echo 'build-tfjs-node: the build in .tfjs-node/ does not load: building again' >&2
fi

[ "$(uname -sm)" = 'Linux x86_64' ] || die "needs Linux x86_64, this is $(uname -sm)"
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 23 ? 0 : 1)' || die "needs Node < 23, this is $(node -v)"
python3 -m pip --version > /dev/null 2>&1 || die 'needs python3 with pip, to download TensorFlow from PyPI'
command -v g++ > /dev/null || die 'needs g++'

install_packages
download_tensorflow
unpack_tensorflow
compile_binding
link_into_project
loads
