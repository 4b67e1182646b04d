//===- OpsTrees.cpp - ensembles of decision trees -------------------------===//
//
// All trees are walked at once, one level per step: a table per property of a node, and for each
// row and tree the node it has reached. Leaves lead to themselves.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/onnx/Families.h"
#include <cmath>
#include <map>
#include <set>

using namespace mlir;
using namespace fnc::onnx_import;

namespace {

enum Mode { LessEqual, Less, GreaterEqual, Greater, Equal, NotEqual, Member };

struct Forest {
  struct Branch {
    int64_t feature = 0;
    Mode mode = LessEqual;
    double value = 0;
    int64_t yes = 0, no = 0;
    bool missingIsYes = false, isLeaf = false;
    SmallVector<double> members;
  };
  std::vector<Branch> nodes;
  Ints roots;
  int64_t targets = 1;
  /// Per node and target; NaN where a leaf says nothing of the target.
  std::vector<SmallVector<double>> weights;

  FailureOr<int64_t> depth(Node &n) const;
  Value reached(Node &n, Ops &o, Value x) const;
  Value scores(Node &n, Ops &o, Value x, StringRef aggregate) const;
};

FailureOr<int64_t> Forest::depth(Node &n) const {
  Ints level(roots);
  for (int64_t depth = 0; depth <= static_cast<int64_t>(nodes.size()); ++depth) {
    std::set<int64_t> next;
    for (int64_t node : level)
      if (!nodes[node].isLeaf)
        next.insert({nodes[node].yes, nodes[node].no});
    if (next.empty())
      return depth;
    level.assign(next.begin(), next.end());
  }
  return n.error("a tree has a cycle");
}

/// The leaf of each row and tree, [rows, trees].
Value Forest::reached(Node &n, Ops &o, Value x) const {
  FailureOr<int64_t> levels = depth(n);
  if (failed(levels))
    return {};
  int64_t features = Ops::shape(x)[1], rows = Ops::shape(x)[0], trees = roots.size();
  int64_t count = nodes.size();
  Type type = Ops::element(x);
  Ints feature, yes, no, missing, mode;
  SmallVector<double> value;
  size_t members = 0;
  std::set<Mode> modes;
  for (const Branch &node : nodes) {
    if (!node.isLeaf && (node.feature < 0 || node.feature >= features))
      return n.error("a tree asks for feature ") << node.feature << " of " << features, Value();
    feature.push_back(node.feature);
    yes.push_back(node.yes);
    no.push_back(node.no);
    missing.push_back(node.missingIsYes);
    mode.push_back(node.mode);
    value.push_back(node.value);
    members = std::max(members, node.members.size());
    if (!node.isLeaf)
      modes.insert(node.mode);
  }
  bool anyMissing = llvm::is_contained(missing, 1);
  auto table = [&](ArrayRef<int64_t> values) { return o.ints(values, {count}, o.i32()); };
  Value features_ = table(feature), yes_ = table(yes), no_ = table(no), modes_ = table(mode);
  Value values_ = o.reals(value, {count}, type);
  Value row = o.mul(o.expand(o.iota({rows}, 0, o.i32()), {1}), double(features));
  Value flat = o.flat(x);
  Value at = o.broadcastTo(o.ints(roots, {1, trees}, o.i32()), {rows, trees});
  for (int64_t level = 0; level < *levels; ++level) {
    Value given = o.gather(flat, o.add(row, o.gather(features_, at, 0)), 0);
    Value limit = o.gather(values_, at, 0);
    Value taken;
    for (Mode m : modes) {
      Value holds;
      switch (m) {
      case LessEqual:
        holds = o.make<fn::LessEqualOp>({given, limit});
        break;
      case Less:
        holds = o.less(given, limit);
        break;
      case GreaterEqual:
        holds = o.make<fn::GreaterEqualOp>({given, limit});
        break;
      case Greater:
        holds = o.make<fn::GreaterOp>({given, limit});
        break;
      case Equal:
        holds = o.equal(given, limit);
        break;
      case NotEqual:
        holds = o.make<fn::NotEqualOp>({given, limit});
        break;
      case Member: {
        SmallVector<double> sets;
        for (const Branch &node : nodes)
          for (size_t i = 0; i < members; ++i)
            sets.push_back(i < node.members.size() ? node.members[i] : NAN);
        Value set = o.gather(o.reals(sets, {count, int64_t(members)}, type), at, 0);
        holds = o.reduce<fn::ReduceAnyOp>(o.equal(o.expand(given, {2}), set), {2}, false);
        break;
      }
      }
      taken = taken ? o.where(o.equal(o.gather(modes_, at, 0), double(m)), holds, taken) : holds;
    }
    if (anyMissing) {
      Value isYes = o.gather(o.ints(missing, {count}, o.i1()), at, 0);
      taken = o.make<fn::LogicalOrOp>({taken, o.both(isYes, o.make<fn::IsNanOp>({given}))});
    }
    at = o.where(taken, o.gather(yes_, at, 0), o.gather(no_, at, 0));
  }
  return at;
}

/// [rows, targets]; `aggregate` is SUM, AVERAGE, MIN or MAX.
Value Forest::scores(Node &n, Ops &o, Value x, StringRef aggregate) const {
  Value at = reached(n, o, x);
  if (!at)
    return at;
  Type type = Ops::element(x);
  bool isSum = aggregate == "SUM" || aggregate == "AVERAGE";
  if (!isSum && aggregate != "MIN" && aggregate != "MAX")
    return n.error("aggregates by '") << aggregate << "'", Value();
  double neutral = isSum ? 0 : aggregate == "MIN" ? INFINITY : -INFINITY;
  SmallVector<double> flat;
  for (const SmallVector<double> &row : weights)
    for (double weight : row)
      flat.push_back(std::isnan(weight) ? neutral : weight);
  Value table = o.reals(flat, {static_cast<int64_t>(nodes.size()), targets}, type);
  Value each = o.gather(table, at, 0);
  if (isSum) {
    Value sum = o.sum(each, {1});
    return aggregate == "SUM" ? sum : o.div(sum, double(roots.size()));
  }
  return aggregate == "MIN" ? o.reduce<fn::ReduceMinOp>(each, {1}, false)
                            : o.reduce<fn::ReduceMaxOp>(each, {1}, false);
}

/// Numbers given as a list of floats or, with more digits, as a tensor.
SmallVector<double> numbers(Node &n, Ops &o, StringRef name) {
  if (std::optional<SmallVector<double>> list = n.fs(name))
    return *list;
  std::string other = (name + "_as_tensor").str();
  if (!n.hasAttr(other))
    return {};
  DenseElementsAttr value = n.tensor(other);
  return value ? *Ops::knownReals(o.constant(value)) : SmallVector<double>();
}

/// The input as a matrix of at least f32.
Value matrix(Node &n, Ops &o, Value x) {
  if (!x)
    return x;
  if (Ops::rank(x) == 1)
    x = o.expand(x, {0});
  if (Ops::rank(x) != 2 || !Ops::isStatic(x))
    return n.error("has an input of type ") << Ops::type(x) << ", expected a matrix of known sizes",
           Value();
  return Ops::element(x).isF64() ? x : o.cast(x, o.f32());
}

/// Trees given by their tree and node ids; `prefix` is class or target.
FailureOr<Forest> oldForest(Node &n, Ops &o, StringRef prefix, int64_t targets) {
  auto ids = [&](StringRef name) { return n.is(name, {}); };
  auto named = [&](StringRef name) { return (prefix + name).str(); };
  Ints tree = ids("nodes_treeids"), node = ids("nodes_nodeids"), feature = ids("nodes_featureids");
  Ints yes = ids("nodes_truenodeids"), no = ids("nodes_falsenodeids");
  Ints missing = ids("nodes_missing_value_tracks_true");
  SmallVector<double> value = numbers(n, o, "nodes_values");
  std::vector<std::string> mode = n.ss("nodes_modes").value_or(std::vector<std::string>());
  size_t count = tree.size();
  if (count == 0 || node.size() != count || feature.size() != count || yes.size() != count ||
      no.size() != count || value.size() != count || mode.size() != count ||
      (!missing.empty() && missing.size() != count))
    return n.error("the attributes of its nodes have different lengths");
  Forest forest;
  forest.targets = targets;
  std::map<std::pair<int64_t, int64_t>, int64_t> place;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i)
    if (!place.insert({{tree[i], node[i]}, i}).second)
      return n.error("has two nodes ") << node[i] << " in tree " << tree[i];
  std::set<int64_t> seen, children;
  for (size_t i = 0; i < count; ++i) {
    Forest::Branch b;
    b.feature = feature[i];
    b.value = value[i];
    b.missingIsYes = !missing.empty() && missing[i];
    b.isLeaf = mode[i] == "LEAF";
    if (b.isLeaf) {
      b.yes = b.no = i;
    } else {
      static constexpr StringRef names[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                            "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};
      const auto *known = llvm::find(names, mode[i]);
      if (known == std::end(names))
        return n.error("a node has mode '") << mode[i] << "'";
      b.mode = static_cast<Mode>(known - std::begin(names));
      auto y = place.find({tree[i], yes[i]}), f = place.find({tree[i], no[i]});
      if (y == place.end() || f == place.end())
        return n.error("node ") << node[i] << " of tree " << tree[i] << " leads to no node";
      b.yes = y->second;
      b.no = f->second;
      children.insert({b.yes, b.no});
    }
    forest.nodes.push_back(b);
  }
  // A tree's first node that no other leads to is its root.
  for (size_t i = 0; i < count; ++i)
    if (!children.count(i) && seen.insert(tree[i]).second)
      forest.roots.push_back(i);
  Ints ofTree = ids(named("_treeids")), ofNode = ids(named("_nodeids")),
       target = ids(named("_ids"));
  SmallVector<double> weight = numbers(n, o, named("_weights"));
  if (ofNode.size() != ofTree.size() || target.size() != ofTree.size() ||
      weight.size() != ofTree.size())
    return n.error("the attributes of its leaves have different lengths");
  forest.weights.assign(count, SmallVector<double>(targets, NAN));
  for (size_t i = 0; i < weight.size(); ++i) {
    auto leaf = place.find({ofTree[i], ofNode[i]});
    if (leaf == place.end() || target[i] < 0 || target[i] >= targets)
      return n.error("a weight is for node ")
             << ofNode[i] << " of tree " << ofTree[i] << ", target " << target[i];
    double &sum = forest.weights[leaf->second][target[i]];
    sum = std::isnan(sum) ? weight[i] : sum + weight[i];
  }
  if (forest.roots.empty())
    return n.error("a tree has a cycle");
  return forest;
}

Value withBase(Node &n, Ops &o, Value scores) {
  SmallVector<double> base = numbers(n, o, "base_values");
  if (base.empty() || !scores)
    return scores;
  return o.add(scores, o.reals(base, {static_cast<int64_t>(base.size())}, Ops::element(scores)));
}

LogicalResult regressor(Node &n, Ops &o) {
  Value x = matrix(n, o, n.in(0));
  FailureOr<Forest> forest = oldForest(n, o, "target", n.i("n_targets", 1));
  if (!x || failed(forest))
    return failure();
  Value y = withBase(n, o, forest->scores(n, o, x, n.s("aggregate_function", "SUM")));
  return n.result(o.cast(transformed(n, o, y, n.s("post_transform", "NONE")), o.f32()));
}

LogicalResult classifier(Node &n, Ops &o) {
  Value x = matrix(n, o, n.in(0));
  int64_t classes = classCount(n);
  Ints ids = n.is("class_ids", {});
  std::set<int64_t> distinct(ids.begin(), ids.end());
  FailureOr<Forest> forest = oldForest(n, o, "class", std::max<int64_t>(classes, 1));
  if (!x || failed(forest))
    return failure();
  std::string transform = n.s("post_transform", "NONE");
  Value y = forest->scores(n, o, x, "SUM");
  if (distinct.size() == 1 && classes <= 2) {
    // One score for two classes.
    SmallVector<double> weights = numbers(n, o, "class_weights"),
                        base = numbers(n, o, "base_values");
    bool positive = llvm::all_of(weights, [](double w) { return w >= 0; });
    Value score = o.slice(y, 1, *distinct.begin(), *distinct.begin() + 1);
    if (!base.empty())
      score = o.add(score, base.back());
    return classified(n, o, score, positive, transform);
  }
  return classified(n, o, withBase(n, o, y), false, transform);
}

LogicalResult ensemble(Node &n, Ops &o) {
  Value x = matrix(n, o, n.in(0));
  Ints feature = n.is("nodes_featureids", {}), yes = n.is("nodes_truenodeids", {});
  Ints no = n.is("nodes_falsenodeids", {}), yesLeaf = n.is("nodes_trueleafs", {});
  Ints noLeaf = n.is("nodes_falseleafs", {}), roots = n.is("tree_roots", {});
  Ints missing = n.is("nodes_missing_value_tracks_true", {}), target = n.is("leaf_targetids", {});
  auto real = [&](StringRef name) {
    DenseElementsAttr value = n.hasAttr(name) ? n.tensor(name) : DenseElementsAttr();
    return value ? *Ops::knownReals(o.constant(value)) : SmallVector<double>();
  };
  SmallVector<double> splits = real("nodes_splits"), modes = real("nodes_modes");
  SmallVector<double> weights = real("leaf_weights"), members = real("membership_values");
  int64_t count = feature.size(), leaves = weights.size();
  for (size_t size : {yes.size(), no.size(), yesLeaf.size(), noLeaf.size(), splits.size(),
                      modes.size(), missing.empty() ? feature.size() : missing.size()})
    if (size != feature.size())
      return n.error("the attributes of its nodes have different lengths");
  if (!x || target.size() != weights.size() || roots.empty())
    return n.error("the attributes of its leaves have different lengths");
  Forest forest;
  forest.targets = n.i("n_targets", 1);
  // Leaves stand behind the nodes.
  auto child = [&](int64_t index, int64_t isLeaf) {
    return index < 0 || index >= (isLeaf ? leaves : count) ? -1 : isLeaf ? count + index : index;
  };
  size_t nextMember = 0;
  for (int64_t i = 0; i < count; ++i) {
    Forest::Branch b;
    b.feature = feature[i];
    b.value = splits[i];
    b.missingIsYes = !missing.empty() && missing[i];
    b.yes = child(yes[i], yesLeaf[i]);
    b.no = child(no[i], noLeaf[i]);
    if (b.yes < 0 || b.no < 0 || modes[i] < 0 || modes[i] > double(Mode::Member))
      return n.error("node ") << i << " leads to no node or has an unknown mode";
    b.mode = static_cast<Mode>(modes[i]);
    if (b.mode == Member) {
      while (nextMember < members.size() && !std::isnan(members[nextMember]))
        b.members.push_back(members[nextMember++]);
      ++nextMember;
    }
    forest.nodes.push_back(b);
  }
  forest.weights.assign(count + leaves,
                        SmallVector<double>(std::max<int64_t>(forest.targets, 1), NAN));
  for (int64_t i = 0; i < leaves; ++i) {
    Forest::Branch b;
    b.isLeaf = true;
    b.yes = b.no = count + i;
    forest.nodes.push_back(b);
    if (target[i] < 0 || target[i] >= forest.targets)
      return n.error("a leaf is for target ") << target[i] << " of " << forest.targets;
    forest.weights[count + i][target[i]] = weights[i];
  }
  for (int64_t root : roots) {
    // A tree of one leaf has a node both of whose ways lead there.
    if (root < 0 || root >= count)
      return n.error("has a root ") << root << " of " << count << " nodes";
    forest.roots.push_back(root);
  }
  static constexpr StringRef aggregates[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  static constexpr StringRef transforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                             "PROBIT"};
  int64_t aggregate = n.i("aggregate_function", 1), transform = n.i("post_transform", 0);
  if (aggregate < 0 || aggregate > 3 || transform < 0 || transform > 4)
    return n.error("has an unknown aggregate_function or post_transform");
  Value y = forest.scores(n, o, x, aggregates[aggregate]);
  return n.result(transformed(n, o, y, transforms[transform]));
}

} // namespace

void fnc::onnx_import::addTreeOps(OpTable &table) {
  table["ai.onnx.ml:TreeEnsemble"] = ensemble;
  table["ai.onnx.ml:TreeEnsembleClassifier"] = classifier;
  table["ai.onnx.ml:TreeEnsembleRegressor"] = regressor;
}
