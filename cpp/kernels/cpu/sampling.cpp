#include "modyn/kernels/sampling.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/cpu/inclusion.hpp"

namespace modyn::kernels {
namespace {

// Uniform below `bound`, from 64 random bits.
std::uint64_t scaled(std::uint64_t random, std::uint64_t bound) noexcept {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(random) * bound) >> 64);
}

// Someone who is neither in nor out yet, and with which probability.
struct Undecided {
  std::size_t who;  // a sample's number
  std::uint64_t units;
};

// Random bits, two numbers for each unit, and others for few of them.
struct Bits {
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> second;
  Address others;  // of unit 0
};

// Those who come one after another fill units with their probabilities. A unit ends with the one who crosses into the
// next. Those before it, and who is left over from the unit before, fight for what they fill of the unit; the winner
// has it all, and then fights the crossing one: one is in, the other is left over. After `ends` units, those behind
// fight for the rest; whoever wins has it and stays undecided.
//
// `units` has the probability of each, who(i) tells a sample's number; mark(sample) is called for those who are in.
template <typename Who, typename Mark>
Undecided fight(std::span<const std::uint64_t> units, std::size_t ends, const Bits& bits, const Who& who,
                const Mark& mark) {
  std::size_t left_over = 0;
  std::size_t start = 0;
  std::uint64_t at_start = 0;  // what the one left over fills of the unit
  const auto who_fills = [&](std::uint64_t place) {
    if (place < at_start) return left_over;
    std::size_t found = start;
    for (std::uint64_t up_to = at_start + units[found]; up_to <= place; up_to += units[found]) ++found;
    return who(found);
  };
  // Where nobody of the unit is, another place is drawn of what is filled.
  const auto other_winner = [&](std::size_t unit, std::uint64_t filled) {
    if (filled == at_start) return left_over;
    Address address = bits.others;
    address.index += unit;
    return who_fills(scaled(random_bits(address), filled));
  };
  for (std::size_t unit = 0; unit < ends; ++unit) {
    const std::uint64_t place = bits.first[unit] >> (64 - kProbabilityBits);
    std::size_t at = start;
    std::size_t found = start;
    std::uint64_t filled = at_start;
    while (filled + units[at] < kCertain) {
      found = filled <= place ? at : found;
      filled += units[at++];
    }
    std::size_t winner = place < at_start ? left_over : who(found);
    if (place >= filled) winner = other_winner(unit, filled);
    // The winner, of probability `filled`, is in with probability (1 - crossing) / (2 - filled - crossing).
    const std::uint64_t chance = kCertain - units[at];
    const bool winner_is_in = scaled(bits.second[unit], chance + (kCertain - filled)) < chance;
    mark(winner_is_in ? winner : who(at));
    left_over = winner_is_in ? who(at) : winner;
    at_start = filled + units[at] - kCertain;
    start = at + 1;
  }
  std::uint64_t filled = at_start;
  for (const std::uint64_t one : units.subspan(start)) filled += one;
  return {.who = other_winner(ends, filled), .units = filled};
}

// Weights of these samples, one after another.
template <typename Weight>
void gather(const Weights& weights, std::span<const std::int64_t> indices, void* to) noexcept {
  auto* place = static_cast<Weight*>(to);
  for (const std::int64_t index : indices) *place++ = static_cast<const Weight*>(weights.values)[index];
}

// The samples of each part fight among themselves, the parts at the same time; then those whom the parts left
// undecided fight, part after part.
class Pivotal {
 public:
  Pivotal(const Weights& weights, std::size_t k, const InclusionRule& rule, const Address& address,
          const Threads& threads)
      : weights_(weights),
        k_(k),
        rule_(rule),
        // Numbers of another seed, so that neighbouring addresses share none.
        key_{.seed = random_bits(address),
             .trigger = address.trigger,
             .purpose = static_cast<std::uint32_t>(address.purpose)},
        threads_(threads),
        is_in_((weights.count + 63) / 64) {}

  void choose(const WeightedSample& sample) {
    std::vector<Undecided> undecided(part_count(weights_.count));
    std::vector<std::size_t> chosen(undecided.size());
    threads_.for_each(undecided.size(), [&](std::size_t part) { undecided[part] = fight_in(part, chosen[part]); });
    const std::size_t decided = std::accumulate(chosen.begin(), chosen.end(), std::size_t{0});
    if (decided > k_) refuse(decided);
    decide(undecided, k_ - decided);
    write(sample);
  }

 private:
  // Nothing is written then.
  [[noreturn]] void refuse(std::size_t sum) const {
    throw std::logic_error("weighted_sample: inclusion probabilities of " + std::to_string(weights_.count) +
                           " weights sum up to about " + std::to_string(sum) + ", not to k, " + std::to_string(k_));
  }

  void mark(std::size_t sample) { is_in_[sample / 64] |= std::uint64_t{1} << (sample % 64); }

  // For `count` units of a part, or of what comes behind the last part.
  [[nodiscard]] Bits bits(std::size_t part, std::size_t count) const {
    constexpr std::uint64_t kOthers = std::uint64_t{1} << 63;
    const std::uint64_t index = std::uint64_t{part} << 32;
    Bits drawn{.first = std::vector<std::uint64_t>(count),
               .second = std::vector<std::uint64_t>(count),
               .others = {.seed = key_.seed,
                          .trigger = key_.trigger,
                          .purpose = static_cast<Purpose>(key_.purpose),
                          .index = kOthers + index}};
    MODYN_DISPATCH(philox_pairs)(key_, index, count, drawn.first.data(), drawn.second.data());
    return drawn;
  }

  Undecided fight_in(std::size_t part, std::size_t& chosen) {
    const Weights own = part_of(weights_, part);
    std::array<std::uint64_t, kSamplesOfPart> units;
    chosen = MODYN_DISPATCH(inclusion_units)(own, rule_, units.data()).certain;
    const std::size_t first = part * kSamplesOfPart;
    return fight(
        {units.data(), own.count}, chosen, bits(part, chosen), [first](std::size_t at) { return first + at; },
        [this](std::size_t who) { mark(who); });
  }

  // `count` of those who are undecided are in. The last one has all that is left, so that rounding does not matter.
  void decide(const std::vector<Undecided>& undecided, std::size_t count) {
    if (count == 0) return;
    std::vector<std::uint64_t> units(undecided.size());
    for (std::size_t at = 0; at < units.size(); ++at) units[at] = undecided[at].units;
    const auto sum = std::accumulate(units.begin(), units.end(), static_cast<unsigned __int128>(0));
    if (sum <= static_cast<unsigned __int128>(count - 1) * kCertain) {
      refuse(k_ - count + static_cast<std::size_t>(sum / kCertain));
    }
    const Undecided last = fight(
        units, count - 1, bits(undecided.size(), count - 1), [&](std::size_t at) { return undecided[at].who; },
        [this](std::size_t who) { mark(who); });
    mark(last.who);
  }

  void write(const WeightedSample& sample) const {
    constexpr std::size_t kWordsOfPart = kSamplesOfPart / 64;
    std::vector<std::size_t> places(part_count(weights_.count) + 1);
    const auto words = [&](std::size_t part) {
      const std::size_t first = part * kWordsOfPart;
      return std::span(is_in_).subspan(first, std::min(kWordsOfPart, is_in_.size() - first));
    };
    for (std::size_t part = 0; part + 1 < places.size(); ++part) {
      places[part + 1] = places[part];
      for (const std::uint64_t word : words(part)) places[part + 1] += static_cast<std::size_t>(std::popcount(word));
    }
    threads_.for_each(places.size() - 1, [&](std::size_t part) {
      std::size_t place = places[part];
      std::size_t first = part * kSamplesOfPart;
      for (std::uint64_t word : words(part)) {
        for (; word != 0; word &= word - 1) {
          sample.indices[place++] = static_cast<std::int64_t>(first + static_cast<std::size_t>(std::countr_zero(word)));
        }
        first += 64;
      }
      write_probabilities(sample, places[part], place - places[part]);
    });
  }

  // Of chosen samples [first, first + count), at most as many as a part has.
  void write_probabilities(const WeightedSample& sample, std::size_t first, std::size_t count) const {
    std::array<double, kSamplesOfPart> room;
    std::array<std::uint64_t, kSamplesOfPart> units;
    const std::span indices(sample.indices + first, count);
    if (weights_.type == WeightType::kFloat32) {
      gather<float>(weights_, indices, room.data());
    } else {
      gather<double>(weights_, indices, room.data());
    }
    MODYN_DISPATCH(inclusion_units)({.values = room.data(), .type = weights_.type, .count = count}, rule_,
                                    units.data());
    for (std::size_t at = 0; at < count; ++at) {
      sample.probabilities[first + at] = static_cast<double>(units[at]) / static_cast<double>(kCertain);
    }
  }

  const Weights& weights_;
  std::size_t k_;
  const InclusionRule& rule_;
  PhiloxKey key_;
  const Threads& threads_;
  std::vector<std::uint64_t> is_in_;
};

}  // namespace

std::size_t weighted_sample(const Weights& weights, std::size_t k, double smoothing, const Address& address,
                            const WeightedSample& sample, const Threads& threads) {
  if (k == 0 || k == weights.count) {
    for (std::size_t at = 0; at < k; ++at) {
      sample.indices[at] = static_cast<std::int64_t>(at);
      sample.probabilities[at] = 1;
    }
    return sum_all(weights, 1, threads).unusable;
  }
  const Inclusion inclusion = find_inclusion(weights, k, smoothing, threads);
  Pivotal(weights, k, inclusion.rule, address, threads).choose(sample);
  return inclusion.unusable;
}

}  // namespace modyn::kernels
