//===- Bench.cpp - fnc bench ----------------------------------------------===//
//
// Times calls of one function beside what this machine can do at most, alone or in turns with
// other objects; then, in an object that was compiled for it, each part of the function.
//
//===----------------------------------------------------------------------===//

#include "Counters.h"
#include "Error.h"
#include "Inputs.h"
#include "Model.h"
#include "RegionClock.h"
#include "Roof.h"
#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace fnc::tool;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

/// "4.44 ms"
std::string describeTime(double seconds) {
  if (seconds < 1e-6)
    return fmt::format("{:.3g} ns", seconds * 1e9);
  if (seconds < 1e-3)
    return fmt::format("{:.4g} us", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.4g} ms", seconds * 1e3) : fmt::format("{:.4g} s", seconds);
}

/// "16.5 M"
std::string describeCount(double count) {
  const char *prefixes[] = {"", "k", "M", "G", "T"};
  size_t i = 0;
  for (; count >= 1000 && i + 1 < std::size(prefixes); ++i)
    count /= 1000;
  return fmt::format("{:.4g} {}", count, prefixes[i]);
}

/// An object whose function is called again and again.
struct Candidate {
  Candidate(std::shared_ptr<Object> object, std::string where, const RunCommand &command)
      : where(std::move(where)), instance(std::move(object), this->where),
        function(instance.graph().function(command.function, this->where)),
        inputs(command, function), call(prepare(command)) {}

  Call prepare(const RunCommand &command) {
    if (inputs.isLoop())
      fail("fnc", "inputs of a benchmark are those of one call");
    loadState(command, instance);
    return instance.prepare(function, inputs.feeds(0));
  }

  /// Calls until they take `seconds`; adds the time of a call, or of each of several that are too
  /// short for the clock. At least one.
  void sample(double seconds) {
    auto begin = Clock::now();
    do {
      auto start = Clock::now();
      for (int64_t i = 0; i < batch; ++i)
        call();
      times.push_back(secondsSince(start) / static_cast<double>(batch));
      calls += batch;
    } while (secondsSince(begin) < seconds);
  }

  /// Caches, branch predictors and page tables as they are in a loop.
  void warmUp() {
    auto begin = Clock::now();
    int64_t made = 0;
    for (; made < 3 || secondsSince(begin) < 0.05; ++made)
      call();
    double one = secondsSince(begin) / static_cast<double>(made);
    batch = std::max<int64_t>(1, static_cast<int64_t>(20e-6 / one));
  }

  std::string where;
  Instance instance;
  const FunctionType &function;
  Inputs inputs;
  Call call;
  std::vector<double> times;
  int64_t batch = 1, calls = 0;
};

struct RegionTime {
  const RegionType *type;
  double seconds;
  std::optional<double> operations, bytes;
};

/// The work of a function, and of its parts.
struct Profile {
  std::vector<RegionTime> regions;
  double operations = 0, bytes = 0, roofSeconds = 0;
  bool isWhole = true; ///< nothing that depends on the data
};

Profile profileOf(Candidate &candidate, double seconds, const Roof &roof) {
  size_t count = candidate.function.regions.size();
  RegionClock::seconds.assign(count, 0);
  candidate.warmUp();
  std::vector<std::vector<double>> times(count);
  auto begin = Clock::now();
  do {
    RegionClock::seconds.assign(count, 0);
    candidate.call();
    for (size_t i = 0; i < count; ++i)
      times[i].push_back(RegionClock::seconds[i]);
  } while (secondsSince(begin) < seconds && times.front().size() < 10'000);

  Profile profile;
  for (size_t i = 0; i < count; ++i) {
    const RegionType &type = candidate.function.regions[i];
    RegionTime region{&type, quantile(times[i], 0.5), {}, {}};
    auto number = [&](const std::optional<Size> &size) -> std::optional<double> {
      if (!size) {
        profile.isWhole = false;
        return std::nullopt;
      }
      return static_cast<double>(candidate.call.valueOf(*size));
    };
    region.operations = number(type.operations);
    region.bytes = number(type.bytes);
    profile.operations += region.operations.value_or(0);
    profile.bytes += region.bytes.value_or(0);
    if (region.operations && region.bytes)
      profile.roofSeconds += roof.seconds(*region.operations, *region.bytes, type.bits);
    profile.regions.push_back(region);
  }
  return profile;
}

std::string describe(const Roof &roof) {
  std::string text =
      fmt::format("machine: {}FLOP/s in f32 on one core; reads ", describeCount(roof.operations));
  for (const Roof::Bandwidth &bandwidth : roof.bandwidths)
    text += fmt::format("{}{}B/s of {}", &bandwidth == &roof.bandwidths.front() ? "" : ", ",
                        describeCount(bandwidth.rate),
                        bandwidth.bytes < (1 << 20) ? fmt::format("{} KiB", bandwidth.bytes >> 10)
                                                    : fmt::format("{} MiB", bandwidth.bytes >> 20));
  return text + "\n";
}

std::string describe(const Candidate &candidate, const std::optional<Counters::Values> &counted) {
  const std::vector<double> &times = candidate.times;
  std::string text =
      fmt::format("{}: {} in the median of {} calls; least {}, 9 of 10 below {}\n", candidate.where,
                  describeTime(quantile(times, 0.5)), candidate.calls,
                  describeTime(quantile(times, 0)), describeTime(quantile(times, 0.9)));
  if (counted)
    text += fmt::format("  {}cycles, {}instructions in a call\n",
                        describeCount(static_cast<double>(counted->cycles)),
                        describeCount(static_cast<double>(counted->instructions)));
  return text;
}

std::string describe(const Profile &profile, double seconds, const Roof &roof) {
  std::string text;
  if (profile.operations > 0 || profile.bytes > 0)
    text +=
        fmt::format("{}FLOP and {}B a call{}: {}FLOP/s, {}B/s, {:.0f} % of what the machine "
                    "can do\n",
                    describeCount(profile.operations), describeCount(profile.bytes),
                    profile.isWhole ? "" : " or more", describeCount(profile.operations / seconds),
                    describeCount(profile.bytes / seconds), 100 * profile.roofSeconds / seconds);
  std::vector<RegionTime> sorted = profile.regions;
  double total = 0;
  for (const RegionTime &region : sorted)
    total += region.seconds;
  std::sort(sorted.begin(), sorted.end(),
            [](const RegionTime &a, const RegionTime &b) { return a.seconds > b.seconds; });
  if (total > 1.2 * seconds)
    text += "regions are too short for the clock: their times are more than those of the call\n";
  text += fmt::format("\n{:>10} {:>6} {:>9} {:>8} {:>8}  {}\n", "time", "share", "GFLOP/s", "GB/s",
                      "of roof", "region");
  constexpr size_t shown = 20;
  for (size_t i = 0; i < std::min(shown, sorted.size()); ++i) {
    const RegionTime &region = sorted[i];
    auto rate = [&](const std::optional<double> &work) {
      return work ? fmt::format("{:.1f}", *work / region.seconds * 1e-9) : std::string("-");
    };
    std::string ofRoof = "-";
    if (region.operations && region.bytes)
      ofRoof = fmt::format(
          "{:.0f} %", 100 * roof.seconds(*region.operations, *region.bytes, region.type->bits) /
                          region.seconds);
    const std::vector<std::string> &places = region.type->places;
    std::string where = fmt::format(
        "{}", fmt::join(places.begin(), places.begin() + std::min<ptrdiff_t>(3, std::ssize(places)),
                        ", "));
    text +=
        fmt::format("{:>10} {:>4.0f} % {:>9} {:>8} {:>8}  {}: {}{}\n", describeTime(region.seconds),
                    100 * region.seconds / total, rate(region.operations), rate(region.bytes),
                    ofRoof, region.type->kind, where, places.size() > 3 ? ", ..." : "");
  }
  if (sorted.size() > shown) {
    double rest = 0;
    for (size_t i = shown; i < sorted.size(); ++i)
      rest += sorted[i].seconds;
    text += fmt::format("{:>10} {:>4.0f} % {:>27}  {} others\n", describeTime(rest),
                        100 * rest / total, "", sorted.size() - shown);
  }
  return text;
}

json toJson(const Roof &roof) {
  json bandwidths = json::array();
  for (const Roof::Bandwidth &bandwidth : roof.bandwidths)
    bandwidths.push_back({{"bytes", bandwidth.bytes}, {"bytes_per_second", bandwidth.rate}});
  return {{"flops_per_second", roof.operations}, {"bandwidths", bandwidths}};
}

json toJson(const Candidate &candidate, const std::optional<Counters::Values> &counted) {
  json object = {{"file", candidate.where},
                 {"calls", candidate.calls},
                 {"median_seconds", quantile(candidate.times, 0.5)},
                 {"least_seconds", quantile(candidate.times, 0)},
                 {"p90_seconds", quantile(candidate.times, 0.9)}};
  if (counted) {
    object["cycles"] = counted->cycles;
    object["instructions"] = counted->instructions;
  }
  return object;
}

json toJson(const Profile &profile, const Roof &roof) {
  json regions = json::array();
  for (const RegionTime &region : profile.regions) {
    json object = {{"kind", region.type->kind}, {"places", region.type->places},
                   {"seconds", region.seconds}, {"flops", nullptr},
                   {"bytes", nullptr},          {"share_of_roof", nullptr}};
    if (region.operations)
      object["flops"] = *region.operations;
    if (region.bytes)
      object["bytes"] = *region.bytes;
    if (region.operations && region.bytes && region.seconds > 0)
      object["share_of_roof"] =
          roof.seconds(*region.operations, *region.bytes, region.type->bits) / region.seconds;
    regions.push_back(std::move(object));
  }
  return regions;
}

/// Counts of one call; nothing where the system does not say.
std::optional<Counters::Values> countCall(Candidate &candidate) {
  Counters counters;
  auto before = counters.read();
  for (int64_t i = 0; i < candidate.batch; ++i)
    candidate.call();
  auto after = counters.read();
  if (!before || !after)
    return std::nullopt;
  auto batch = static_cast<uint64_t>(candidate.batch);
  return Counters::Values{(after->cycles - before->cycles) / batch,
                          (after->instructions - before->instructions) / batch};
}

void benchChecked(const BenchCommand &command) {
  const RunCommand &run = command.run;
  const std::string &path = run.compile.input;
  if (path == "-")
    throw UsageError("fnc bench: error: standard input can be read only once");
  std::vector<std::unique_ptr<Candidate>> candidates;
  candidates.push_back(std::make_unique<Candidate>(loadModel(run), path, run));
  for (const std::string &other : command.others) {
    RunCommand same = run;
    same.compile.input = other;
    candidates.push_back(std::make_unique<Candidate>(loadModel(same), other, same));
  }

  Roof roof = Roof::measure();
  for (auto &candidate : candidates)
    candidate->warmUp();
  // In turns: what else the machine does meets all of them.
  constexpr int rounds = 20, leastRounds = 5;
  auto begin = Clock::now();
  for (int round = 0; round < rounds; ++round) {
    // Calls may be longer than their share of the time.
    if (round >= leastRounds &&
        secondsSince(begin) > command.seconds * static_cast<double>(candidates.size()))
      break;
    for (auto &candidate : candidates)
      candidate->sample(command.seconds / rounds);
  }
  std::vector<std::optional<Counters::Values>> counted;
  for (auto &candidate : candidates)
    counted.push_back(countCall(*candidate));

  RunCommand profiled = run;
  profiled.compile.profile = true;
  Candidate parts(loadModel(profiled), path, profiled);
  std::optional<Profile> profile;
  if (!parts.function.regions.empty())
    profile = profileOf(parts, command.seconds / 2, roof);

  double seconds = quantile(candidates.front()->times, 0.5);
  if (command.json) {
    json result = {{"machine", toJson(roof)}, {"function", candidates.front()->function.name}};
    for (size_t i = 0; i < candidates.size(); ++i)
      result["timed"].push_back(toJson(*candidates[i], counted[i]));
    if (profile)
      result["regions"] = toJson(*profile, roof);
    std::cout << result.dump(2) << "\n" << std::flush;
    return;
  }
  std::string text = describe(roof);
  for (size_t i = 0; i < candidates.size(); ++i) {
    text += describe(*candidates[i], counted[i]);
    if (i > 0)
      text += fmt::format("  {:.2f} times the time of {}\n",
                          quantile(candidates[i]->times, 0.5) / seconds, path);
  }
  if (profile)
    text += describe(*profile, seconds, roof);
  std::cout << text << std::flush;
}

} // namespace

int fnc::tool::bench(const BenchCommand &command) {
  return exitCodeOf("fnc bench", [&] { benchChecked(command); });
}
