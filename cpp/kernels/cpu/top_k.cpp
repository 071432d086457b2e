#include "modyn/kernels/top_k.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "kernels/cpu/radix.hpp"
#include "kernels/cpu/ranks.hpp"

namespace modyn::kernels {
namespace {

// Calls with(score type, Best as a constant).
template <typename With>
void with_types(const Scores& scores, Best best, const With& with) {
  const auto of_type = [&]<typename Score>(const Score* values) {
    if (best == Best::kLargest) {
      with(values, [](Score score) { return rank_of<Score, Best::kLargest>(score); });
    } else {
      with(values, [](Score score) { return rank_of<Score, Best::kSmallest>(score); });
    }
  };
  switch (scores.type) {
    case ScoreType::kFloat32:
      return of_type(static_cast<const float*>(scores.values));
    case ScoreType::kFloat64:
      return of_type(static_cast<const double*>(scores.values));
    case ScoreType::kInt64:
      return of_type(static_cast<const std::int64_t*>(scores.values));
  }
}

// Scores in parts that depend on their number alone.
struct Parts {
  explicit Parts(std::size_t score_count)
      : count(score_count), size(std::max(kLeast, (score_count + kMost - 1) / kMost)) {}

  [[nodiscard]] std::size_t number() const { return (count + size - 1) / size; }
  [[nodiscard]] std::size_t first(std::size_t part) const { return part * size; }
  [[nodiscard]] std::size_t last(std::size_t part) const { return std::min(count, (part + 1) * size); }

  static constexpr std::size_t kLeast = std::size_t{1} << 15;
  static constexpr std::size_t kMost = 64;
  std::size_t count;
  std::size_t size;
};

// The digits of the ranks are counted, from the highest on, until few scores share all of them with the last pick;
// those are looked at closely. Then everything up to the last pick is collected.
template <typename Score, typename RankOfScore>
class Selection {
 public:
  using Rank = RankOf<Score>;

  Selection(const Score* scores, std::size_t count, RankOfScore rank, const Threads& threads)
      : scores_(scores),
        rank_(rank),
        threads_(threads),
        parts_(count),
        histograms_(parts_.number()),
        better_(parts_.number()) {}

  // The best k, at least one, lowest index first.
  void pick(std::size_t k, std::int64_t* picks) {
    find_last(k - 1);
    std::size_t end = 0;
    std::vector<std::size_t> ends;
    for (const std::size_t picked : better_) ends.push_back(end += picked);
    threads_.for_each(parts_.number(), [&](std::size_t part) {
      std::size_t to = part == 0 ? 0 : ends[part - 1];
      for (std::size_t at = parts_.first(part); to < ends[part]; ++at) {
        picks[to] = static_cast<std::int64_t>(at);
        to += ranked(at) <= last_ ? 1 : 0;
      }
    });
  }

 private:
  [[nodiscard]] Ranked<Rank> ranked(std::size_t at) const { return {.rank = rank_(scores_[at]), .index = at}; }
  // Whether all digits that have been looked at are those of the last pick.
  [[nodiscard]] bool is_close(Rank rank) const { return ((rank ^ last_.rank) & known_) == 0; }

  // Number `at` of the sorted scores; better_ counts the scores of each part up to it.
  void find_last(std::size_t at) {
    constexpr std::size_t kFew = std::size_t{1} << 16;
    unsigned shift = kHighestDigit<Rank>;
    while (true) {
      count_digits(shift);
      std::vector<std::uint64_t> counts(kDigits);
      for (const Histogram& histogram : histograms_) {
        for (std::size_t d = 0; d < kDigits; ++d) counts[d] += histogram[d];
      }
      const Place place = find_place(counts, at);
      at -= place.below;
      for (std::size_t part = 0; part < better_.size(); ++part) {
        for (std::size_t d = 0; d < place.digit; ++d) better_[part] += histograms_[part][d];
      }
      last_.rank |= static_cast<Rank>(place.digit) << shift;
      known_ = static_cast<Rank>(std::numeric_limits<Rank>::max() << shift);
      const std::size_t close = counts[place.digit];
      if (shift == 0) return find_equal(at, place.digit);
      if (close <= std::max(kFew, parts_.count / 16)) return find_close(at, place.digit, shift);
      shift = shift > kDigitBits ? shift - kDigitBits : 0;
    }
  }

  void count_digits(unsigned shift) {
    threads_.for_each(parts_.number(), [&](std::size_t part) {
      Histogram& histogram = histograms_[part];
      histogram.fill(0);
      for (std::size_t at = parts_.first(part); at < parts_.last(part); ++at) {
        const Rank rank = rank_(scores_[at]);
        if (is_close(rank)) ++histogram[digit(rank, shift)];
      }
    });
  }

  // Of scores that are equal, the first ones are better.
  void find_equal(std::size_t at, std::size_t last_digit) {
    std::size_t part = 0;
    for (; at >= histograms_[part][last_digit]; ++part) {
      at -= histograms_[part][last_digit];
      better_[part] += histograms_[part][last_digit];
    }
    better_[part] += at + 1;
    last_.index = parts_.first(part);
    for (++at; at > 0; ++last_.index) at -= rank_(scores_[last_.index]) == last_.rank ? 1 : 0;
    --last_.index;
  }

  void find_close(std::size_t at, std::size_t last_digit, unsigned shift) {
    std::vector<std::size_t> places(parts_.number() + 1);
    for (std::size_t part = 0; part < parts_.number(); ++part) {
      places[part + 1] = places[part] + histograms_[part][last_digit];
    }
    std::vector<Ranked<Rank>> close(places.back());
    threads_.for_each(parts_.number(), [&](std::size_t part) {
      std::size_t to = places[part];
      for (std::size_t score = parts_.first(part); to < places[part + 1]; ++score) {
        close[to] = ranked(score);
        to += is_close(close[to].rank) ? 1 : 0;
      }
    });
    last_ = find(close, at, shift);
    for (std::size_t part = 0; part < parts_.number(); ++part) {
      for (std::size_t one = places[part]; one < places[part + 1]; ++one) better_[part] += close[one] <= last_ ? 1 : 0;
    }
  }

  const Score* scores_;
  RankOfScore rank_;
  const Threads& threads_;
  Parts parts_;
  std::vector<Histogram> histograms_;  // of the parts' close scores
  std::vector<std::size_t> better_;
  Ranked<Rank> last_{};
  Rank known_ = 0;  // digits of last_.rank
};

template <typename Rank>
void write_indices(const std::vector<Ranked<Rank>>& ranks, std::int64_t* picks) {
  for (const Ranked<Rank>& one : ranks) *picks++ = static_cast<std::int64_t>(one.index);
}

// From ascending indices to the best first.
template <typename Score, typename RankOfScore>
void order_by_score(const Score* scores, const RankOfScore& rank, std::int64_t* picks, std::size_t count) {
  std::vector<Ranked<RankOf<Score>>> ranks(count);
  for (std::size_t at = 0; at < count; ++at) {
    const auto index = static_cast<std::uint64_t>(picks[at]);
    ranks[at] = {.rank = rank(scores[index]), .index = index};
  }
  sort_by_rank(ranks);
  write_indices(ranks, picks);
}

// Scores segment after segment, in the order of their indices; begins[s] is where segment s begins.
template <typename Score, typename RankOfScore>
std::vector<Ranked<RankOf<Score>>> by_segment(const Score* scores, std::size_t count, const RankOfScore& rank,
                                              const Segments& segments, const std::vector<std::size_t>& begins) {
  std::vector<std::size_t> places = begins;
  std::vector<Ranked<RankOf<Score>>> sorted(count);
  for (std::size_t at = 0; at < count; ++at) {
    const auto segment = static_cast<std::size_t>(segments.of_scores[at]);
    sorted[places[segment]++] = {.rank = rank(scores[at]), .index = at};
  }
  return sorted;
}

// The best `take` of these to the front, in this order.
template <typename Rank>
void take_best(std::span<Ranked<Rank>> ranks, std::size_t take, Order order) {
  const auto end = ranks.begin() + static_cast<std::ptrdiff_t>(take);
  if (take < ranks.size()) std::nth_element(ranks.begin(), end, ranks.end());
  if (order == Order::kByScore) {
    std::sort(ranks.begin(), end);
  } else {
    std::sort(ranks.begin(), end, [](const auto& a, const auto& b) { return a.index < b.index; });
  }
}

}  // namespace

void top_k(const Scores& scores, std::size_t k, Best best, Order order, std::int64_t* picks, const Threads& threads) {
  if (k == 0) return;
  with_types(scores, best, [&]<typename Score>(const Score* values, auto rank) {
    Selection(values, scores.count, rank, threads).pick(k, picks);
    if (order == Order::kByScore) order_by_score(values, rank, picks, k);
  });
}

void segmented_top_k(const Scores& scores, const Segments& segments, Best best, Order order, std::int64_t* picks,
                     const Threads& threads) {
  std::vector<std::size_t> begins(segments.count + 1);
  std::vector<std::size_t> places(segments.count + 1);
  for (std::size_t s = 0; s < segments.count; ++s) {
    begins[s + 1] = begins[s] + static_cast<std::size_t>(segments.sizes[s]);
    places[s + 1] = places[s] + static_cast<std::size_t>(segments.takes[s]);
  }
  with_types(scores, best, [&]<typename Score>(const Score* values, auto rank) {
    auto sorted = by_segment(values, scores.count, rank, segments, begins);
    threads.for_each(segments.count, [&](std::size_t s) {
      const std::span of_segment(sorted.data() + begins[s], begins[s + 1] - begins[s]);
      const std::size_t take = places[s + 1] - places[s];
      take_best(of_segment, take, order);
      for (std::size_t at = 0; at < take; ++at) picks[places[s] + at] = static_cast<std::int64_t>(of_segment[at].index);
    });
  });
}

}  // namespace modyn::kernels
