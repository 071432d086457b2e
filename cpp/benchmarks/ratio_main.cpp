// Runs the registered benchmarks and prints each against its peer, measured in the same run.
//
// A benchmark "work/ours" is compared with "work/peer". Repetitions of all are interleaved at random,
// and medians compared, so that a slow moment of the machine does not fall on one of the two.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr const char* kOurs = "/ours";
constexpr const char* kPeer = "/peer";

class RatioReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") {
        const auto rate = run.counters.find("items_per_second");
        if (rate != run.counters.end()) rates_[run.run_name.function_name] = rate->second;
      }
    }
  }

  void Finalize() override {
    std::printf("%-44s %14s %14s %8s\n", "work", "ours M/s", "peer M/s", "ratio");
    for (const auto& [name, rate] : rates_) {
      const auto suffix = name.rfind(kOurs);
      if (suffix == std::string::npos) continue;
      const std::string work = name.substr(0, suffix);
      const auto peer = rates_.find(work + kPeer);
      if (peer == rates_.end()) continue;
      std::printf("%-44s %14.3f %14.3f %8.2f\n", work.c_str(), rate / 1e6, peer->second / 1e6, rate / peer->second);
    }
  }

 private:
  std::map<std::string, double> rates_;
};

}  // namespace

int main(int argc, char** argv) {
  // What the user gives comes later and wins.
  std::vector<std::string> texts{argv[0], "--benchmark_repetitions=9", "--benchmark_enable_random_interleaving=true",
                                 "--benchmark_min_time=0.1"};
  texts.insert(texts.end(), argv + 1, argv + argc);
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
