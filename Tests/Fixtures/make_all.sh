#!/bin/sh
# Writes the fixtures of every pinned version, or, for `make parity`, all cases on other data into a folder:
#     make_all.sh [--seed N FOLDER [--newest SECONDS | --only NAME]]
# --newest takes the newest version of each library alone, all in one environment, for about so many seconds; --only takes the
# cases of it whose name contains NAME.
# Needs Python 3.11 (those versions have wheels for it). The virtual environments lie outside the checkout: VENVS, by
# default a folder in the user's cache.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seed=
newest=
output="$here/../ModelFormatsTests/Fixtures/sklearn"
if [ "${1:-}" = --seed ]; then
    seed=$2
    output=$3
    newest=${4:-}
fi
export PYTHONDONTWRITEBYTECODE=1
venvs=${VENVS:-${XDG_CACHE_HOME:-$HOME/.cache}/vencejo-fixtures}
mkdir -p "$venvs"

# --- The newest versions, in one environment -------------------------------------------------------------------------

make_newest() { # script, share of the seconds
    case $newest in
    --newest) set -- "$1" --seconds "$(($bound * $2 / 100))" ;;
    *) set -- "$1" --only "$bound" ;;
    esac
    script=$1
    shift
    "$venv/bin/python" "$here/$script" "$output" --seed "$seed" "$@"
}

if [ -n "$newest" ]; then
    bound=$5
    venv="$venvs/newest"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "scikit-learn 1.9 needs Python 3.11 or later; python3 is $(python3 --version)" >&2
        exit 1
    }
    pins="scikit-learn==1.9.1 numpy==2.3.5 pandas==2.3.3 scipy==1.17.1 joblib==1.6.0 lightgbm==4.7.0"
    # Without dependencies: they ask for GPU and plotting libraries.
    bare="xgboost-cpu==3.2.0 catboost==1.2.10 six==1.17.0"
    # Made whole or not at all: an interrupted installation is begun again, and so is one of other versions.
    wanted="$(python3 --version) $pins $bare"
    if [ "$(cat "$venv/complete" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet $pins
        "$venv/bin/pip" install --quiet --no-deps $bare
        echo "$wanted" >"$venv/complete"
    fi
    make_newest make_sklearn.py 50
    make_newest make_lightgbm.py 15
    make_newest make_xgboost_objects.py 15
    make_newest make_catboost.py 10
    make_newest make_boosted_members.py 10
    exit 0
fi

command -v python3.11 >/dev/null || {
    echo "the pinned versions need python3.11, for which they have wheels" >&2
    exit 1
}

make_one() { # scikit-learn, NumPy, pandas, SciPy
    venv="$venvs/sk-$1"
    if [ ! -x "$venv/bin/python" ]; then
        python3.11 -m venv "$venv"
        "$venv/bin/pip" install --quiet "scikit-learn==$1" "numpy==$2" "pandas==$3" "scipy==$4" joblib==1.6.0
    fi
    rm -rf "${output:?}/$1"
    "$venv/bin/python" "$here/make_sklearn.py" "$output" ${seed:+--seed "$seed"}
}

make_one 1.1.3 1.23.5 1.5.3 1.10.1
make_one 1.3.2 1.26.4 2.0.3 1.17.1
make_one 1.5.2 1.26.4 2.2.3 1.17.1
make_one 1.7.2 2.3.5 2.3.3 1.17.1
make_one 1.9.1 2.4.0 2.3.3 1.17.1

# The boosting libraries' cases: a name, the script, and what to install.
boosting="$here/../ModelFormatsTests/Fixtures/boosting"
[ -z "$seed" ] || boosting=$output
make_boosting() {
    venv="$venvs/$1"
    script=$2
    shift 2
    if [ ! -x "$venv/bin/python" ]; then
        python3.11 -m venv "$venv"
        "$venv/bin/pip" install --quiet "$@" joblib==1.6.0
    fi
    "$venv/bin/python" "$here/$script" "$boosting" ${seed:+--seed "$seed"}
}

make_boosting lgb-3 make_lightgbm.py lightgbm==3.3.5 numpy==1.23.5 pandas==1.5.3 scikit-learn==1.1.3 scipy==1.10.1
make_boosting lgb-4 make_lightgbm.py lightgbm==4.6.0 numpy==2.2.6 pandas==2.2.3 scikit-learn==1.6.1 scipy==1.17.1
[ -z "$seed" ] || make_boosting lgb-4.7 make_lightgbm.py lightgbm==4.7.0 numpy==2.3.5 pandas==2.3.3 scikit-learn==1.9.1 scipy==1.17.1
make_boosting xgb-0.90 make_xgboost_objects.py xgboost==0.90 numpy==1.23.5 pandas==1.5.3 scikit-learn==1.1.3 scipy==1.10.1
make_boosting xgb-1.0 make_xgboost_objects.py xgboost==1.0.2 numpy==1.23.5 pandas==1.5.3 scikit-learn==1.1.3 scipy==1.10.1
make_boosting xgb-1.5 make_xgboost_objects.py xgboost==1.5.2 numpy==1.23.5 pandas==1.5.3 scikit-learn==1.1.3 scipy==1.10.1
make_boosting xgb-1.7 make_xgboost_objects.py xgboost==1.7.6 numpy==1.23.5 pandas==1.5.3 scikit-learn==1.1.3 scipy==1.10.1
make_boosting xgb-2.1 make_xgboost_objects.py xgboost==2.1.4 numpy==2.2.6 pandas==2.2.3 scikit-learn==1.5.2 scipy==1.17.1
make_boosting xgb-3.1 make_xgboost_objects.py xgboost==3.1.2 numpy==2.2.6 pandas==2.2.3 scikit-learn==1.6.1 scipy==1.17.1
make_boosting cat-1.2 make_catboost.py catboost==1.2.8 numpy==1.26.4 pandas==2.2.3 scipy==1.17.1
[ -z "$seed" ] || make_boosting cat-1.2.10 make_catboost.py catboost==1.2.10 numpy==2.3.5 pandas==2.3.3 scipy==1.17.1

# Boosted models within scikit-learn's estimators.
make_members() {
    "$venvs/$1/bin/python" "$here/make_boosted_members.py" "$output" ${seed:+--seed "$seed"}
}
make_members xgb-3.1
make_members lgb-4
if [ -n "$seed" ]; then
    for name in xgb-1.7 xgb-2.1 lgb-3 lgb-4.7; do make_members "$name"; done
fi

[ -z "$seed" ] || exit 0

# XGBoost's fixtures: package, version, NumPy, SciPy, scikit-learn. Without dependencies: the full package asks for GPU libraries.
make_xgboost() {
    venv="$venvs/xgb-$2"
    if [ ! -x "$venv/bin/python" ]; then
        python3.11 -m venv "$venv"
        "$venv/bin/pip" install --quiet --no-deps \
            "$1==$2" "numpy==$3" "scipy==$4" "scikit-learn==$5" joblib==1.4.2 threadpoolctl==3.8.0
    fi
    (cd "$here/../.." && "$venv/bin/python" "$here/make_xgboost.py")
}

make_xgboost xgboost 1.7.6 1.26.4 1.11.4 1.3.2
make_xgboost xgboost-cpu 2.1.4 1.26.4 1.14.1 1.5.2
make_xgboost xgboost-cpu 3.2.0 2.3.5 1.16.3 1.7.2

# What a file is wrapped in: compressions, archives, skops, MLflow's folders.
venv="$venvs/containers"
if [ ! -x "$venv/bin/python" ]; then
    python3.11 -m venv "$venv"
    "$venv/bin/pip" install --quiet scikit-learn==1.7.2 numpy==2.3.5 pandas==2.3.3 scipy==1.17.1 joblib==1.6.0 lz4==4.4.5 \
        skops==0.16.0 mlflow==3.17.0
fi
for kind in containers skops mlflow; do
    rm -rf "$here/../ModelFormatsTests/Fixtures/$kind"
    "$venv/bin/python" "$here/make_$kind.py" "$here/../ModelFormatsTests/Fixtures/$kind"
done
(cd "$here/../.." && "$venv/bin/python" "$here/make_compression.py" && "$venv/bin/python" "$here/make_archives.py")
