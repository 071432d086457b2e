#include "modyn/kernels/sampling.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "kernels/cpu/inclusion.hpp"

namespace modyn::kernels {
namespace {

// Sums of probabilities, in units.
using Total = unsigned __int128;

constexpr std::size_t kNobody = ~std::size_t{0};

// Uniform below `bound`, from 64 random bits.
std::uint64_t scaled(std::uint64_t random, std::uint64_t bound) noexcept {
  return static_cast<std::uint64_t>((static_cast<Total>(random) * bound) >> 64);
}

// The samples' probabilities, one after another, fill k units. A unit ends with the sample that crosses into the next:
// its `crossing` one. Until then `before` of the unit is filled. The last unit has all that is left and no crossing
// sample: what rounding took or gave does not decide how it ends.
struct Unit {
  std::size_t crossing;
  std::uint64_t before;
};

// How the fights of a unit end. Those before the crossing sample fight for `before` of probability: `winner` has it, or
// whoever was left over from the unit before if it is kNobody. Then the winner fights the crossing sample; one is in,
// the other is left over.
struct Fight {
  std::size_t winner;
  bool winner_is_in;
};

template <typename Weight>
class Pivotal {
 public:
  Pivotal(const Weight* weights, std::size_t count, std::size_t k, const InclusionRule& rule, const Address& address,
          const Threads& threads)
      : weights_(weights),
        count_(count),
        k_(k),
        rule_(rule),
        address_(address),
        threads_(threads),
        totals_(part_count(count) + 1),
        units_(k),
        fights_(k),
        is_in_((count + 63) / 64) {
    // Numbers of another seed, so that neighbouring addresses share none.
    address_.seed = random_bits(address);
  }

  void choose(const WeightedSample& sample) {
    sum_parts();
    find_units();
    for_each_unit([&](std::size_t unit) { fights_[unit] = fight(unit); });
    settle();
    write(sample);
  }

 private:
  [[nodiscard]] std::uint64_t probability(std::size_t at) const { return rule_(usable(weights_[at])); }
  [[nodiscard]] std::size_t last_of_part(std::size_t part) const {
    return std::min(count_, (part + 1) * kSamplesOfPart);
  }

  // totals_[part] is what the samples before it fill.
  void sum_parts() {
    threads_.for_each(part_count(count_), [&](std::size_t part) {
      Total total = 0;
      for (std::size_t at = part * kSamplesOfPart; at < last_of_part(part); ++at) total += probability(at);
      totals_[part + 1] = total;
    });
    for (std::size_t part = 1; part < totals_.size(); ++part) totals_[part] += totals_[part - 1];
  }

  void find_units() {
    threads_.for_each(part_count(count_), [&](std::size_t part) {
      auto unit = static_cast<std::size_t>(totals_[part] >> kProbabilityBits);
      std::uint64_t filled = static_cast<std::uint64_t>(totals_[part]) & (kCertain - 1);
      for (std::size_t at = part * kSamplesOfPart; at < last_of_part(part); ++at) {
        const std::uint64_t sum = filled + probability(at);
        filled = sum & (kCertain - 1);
        if (sum < kCertain) continue;
        if (unit + 1 < k_) units_[unit] = {.crossing = at, .before = sum - probability(at)};
        ++unit;
      }
    });
    const Total of_others = static_cast<Total>(k_ - 1) << kProbabilityBits;
    units_.back() = {.crossing = kNobody, .before = static_cast<std::uint64_t>(totals_.back() - of_others)};
  }

  template <typename Work>
  void for_each_unit(const Work& work) {
    constexpr std::size_t kUnitsOfPart = 4096;
    threads_.for_each((k_ + kUnitsOfPart - 1) / kUnitsOfPart, [&](std::size_t part) {
      const std::size_t last = std::min(k_, (part + 1) * kUnitsOfPart);
      for (std::size_t unit = part * kUnitsOfPart; unit < last; ++unit) work(unit);
    });
  }

  // What is left over from the unit before.
  [[nodiscard]] std::uint64_t left_over(std::size_t unit) const {
    if (unit == 0) return 0;
    const Unit& before = units_[unit - 1];
    return before.before + probability(before.crossing) - kCertain;
  }

  [[nodiscard]] Fight fight(std::size_t unit) const {
    const std::uint64_t before = units_[unit].before;
    const bool is_last = units_[unit].crossing == kNobody;
    const std::uint64_t crossing = is_last ? 0 : probability(units_[unit].crossing);
    const std::uint64_t carried = left_over(unit);
    if (crossing == kCertain && before == carried) return {.winner = kNobody, .winner_is_in = false};
    Address address = address_;
    address.index = unit;
    const auto words = philox(address);
    const std::uint64_t place = scaled(words[0] | (std::uint64_t{words[1]} << 32), before);
    const std::size_t winner = place < carried || before == carried ? kNobody : sample_at(unit, place);
    if (is_last) return {.winner = winner, .winner_is_in = true};
    // The winner, of probability `before`, is in with probability (1 - crossing) / (2 - before - crossing).
    const std::uint64_t chances = (kCertain - before) + (kCertain - crossing);
    const std::uint64_t draw = scaled(words[2] | (std::uint64_t{words[3]} << 32), chances);
    return {.winner = winner, .winner_is_in = draw < kCertain - crossing};
  }

  // Whose probability covers this place of the unit, behind what was left over.
  [[nodiscard]] std::size_t sample_at(std::size_t unit, std::uint64_t place) const {
    std::size_t at = unit == 0 ? 0 : units_[unit - 1].crossing + 1;
    std::uint64_t filled = left_over(unit);
    const Total target = (static_cast<Total>(unit) << kProbabilityBits) + place;
    const std::size_t part = at / kSamplesOfPart;
    if (target >= totals_[part + 1]) {
      const auto behind = std::upper_bound(totals_.begin(), totals_.end(), target);
      const auto of_place = static_cast<std::size_t>(behind - totals_.begin()) - 1;
      at = of_place * kSamplesOfPart;
      filled = static_cast<std::uint64_t>(totals_[of_place] - (static_cast<Total>(unit) << kProbabilityBits));
    }
    while (filled + probability(at) <= place) filled += probability(at++);
    return at;
  }

  // Who is in; only here does it matter who was left over.
  void settle() {
    std::size_t left = kNobody;
    for (std::size_t unit = 0; unit < k_; ++unit) {
      const Fight& of_unit = fights_[unit];
      const std::size_t winner = of_unit.winner == kNobody ? left : of_unit.winner;
      const std::size_t crossing = units_[unit].crossing;
      const std::size_t in = of_unit.winner_is_in ? winner : crossing;
      left = of_unit.winner_is_in ? crossing : winner;
      is_in_[in / 64] |= std::uint64_t{1} << (in % 64);
    }
  }

  void write(const WeightedSample& sample) const {
    constexpr std::size_t kWordsOfPart = kSamplesOfPart / 64;
    std::vector<std::size_t> places(part_count(count_) + 1);
    const auto last_word = [&](std::size_t part) { return std::min(is_in_.size(), (part + 1) * kWordsOfPart); };
    for (std::size_t part = 0; part + 1 < places.size(); ++part) {
      places[part + 1] = places[part];
      for (std::size_t word = part * kWordsOfPart; word < last_word(part); ++word) {
        places[part + 1] += static_cast<std::size_t>(std::popcount(is_in_[word]));
      }
    }
    threads_.for_each(part_count(count_), [&](std::size_t part) {
      std::size_t place = places[part];
      for (std::size_t word = part * kWordsOfPart; word < last_word(part); ++word) {
        for (std::uint64_t left = is_in_[word]; left != 0; left &= left - 1) {
          const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
          sample.indices[place] = static_cast<std::int64_t>(at);
          sample.probabilities[place] = static_cast<double>(probability(at)) / static_cast<double>(kCertain);
          ++place;
        }
      }
    });
  }

  const Weight* weights_;
  std::size_t count_;
  std::size_t k_;
  const InclusionRule& rule_;
  Address address_;
  const Threads& threads_;
  std::vector<Total> totals_;
  std::vector<Unit> units_;
  std::vector<Fight> fights_;
  std::vector<std::uint64_t> is_in_;
};

template <typename Weight>
std::size_t count_unusable(const Weight* weights, std::size_t count) {
  return static_cast<std::size_t>(
      std::count_if(weights, weights + count, [](Weight w) { return w != 0 && !(usable(w) > 0); }));
}

template <typename Weight>
std::size_t choose_all(const Weight* weights, std::size_t count, const WeightedSample& sample) {
  for (std::size_t at = 0; at < count; ++at) {
    sample.indices[at] = static_cast<std::int64_t>(at);
    sample.probabilities[at] = 1;
  }
  return count_unusable(weights, count);
}

}  // namespace

std::size_t weighted_sample(const Weights& weights, std::size_t k, double smoothing, const Address& address,
                            const WeightedSample& sample, const Threads& threads) {
  return with_type(weights, [&](const auto* values) {
    if (k == 0) return count_unusable(values, weights.count);
    if (k == weights.count) return choose_all(values, weights.count, sample);
    const Inclusion inclusion = find_inclusion(weights, k, smoothing, threads);
    Pivotal(values, weights.count, k, inclusion.rule, address, threads).choose(sample);
    return inclusion.unusable;
  });
}

}  // namespace modyn::kernels
