#include "modyn/kernels/top_k.hpp"

#include <algorithm>
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

// Scores whose first digits have been counted, so that only those with the digit of the last pick are looked at
// closely; then everything up to the last pick is collected. Three passes over the scores.
template <typename Score, typename RankOfScore>
class Selection {
 public:
  using Rank = RankOf<Score>;

  Selection(const Score* scores, std::size_t count, RankOfScore rank, const Threads& threads)
      : scores_(scores), rank_(rank), threads_(threads), parts_(count), histograms_(parts_.number()) {
    threads_.for_each(parts_.number(), [&](std::size_t part) {
      Histogram& histogram = histograms_[part];
      histogram.fill(0);
      for (std::size_t at = parts_.first(part); at < parts_.last(part); ++at) ++histogram[first_digit(at)];
    });
  }

  // The best k, at least one, lowest index first.
  void pick(std::size_t k, std::int64_t* picks) {
    std::vector<std::uint64_t> counts(kDigits);
    for (const Histogram& histogram : histograms_) {
      for (std::size_t d = 0; d < kDigits; ++d) counts[d] += histogram[d];
    }
    const Place place = find_place(counts, k - 1);
    const std::vector<Ranked<Rank>> close = with_first_digit(place.digit);
    last_ = find(close, k - 1 - place.below, kHighestDigit<Rank>);
    const std::vector<std::size_t> ends = ends_of_parts(place.digit, close);
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
  [[nodiscard]] std::size_t first_digit(std::size_t at) const {
    return digit(static_cast<Rank>(rank_(scores_[at])), kHighestDigit<Rank>);
  }

  // In the order of their indices.
  [[nodiscard]] std::vector<Ranked<Rank>> with_first_digit(std::size_t wanted) const {
    std::vector<std::size_t> places(parts_.number() + 1);
    for (std::size_t part = 0; part < parts_.number(); ++part) {
      places[part + 1] = places[part] + histograms_[part][wanted];
    }
    std::vector<Ranked<Rank>> close(places.back());
    threads_.for_each(parts_.number(), [&](std::size_t part) {
      std::size_t to = places[part];
      for (std::size_t at = parts_.first(part); to < places[part + 1]; ++at) {
        close[to] = ranked(at);
        to += first_digit(at) == wanted ? 1 : 0;
      }
    });
    return close;
  }

  // How many picks there are up to the end of each part: those with lower digits, and some of the close ones.
  [[nodiscard]] std::vector<std::size_t> ends_of_parts(std::size_t last_digit,
                                                       const std::vector<Ranked<Rank>>& close) const {
    std::vector<std::size_t> ends(parts_.number());
    std::size_t end = 0;
    std::size_t next = 0;
    for (std::size_t part = 0; part < ends.size(); ++part) {
      for (std::size_t d = 0; d < last_digit; ++d) end += histograms_[part][d];
      for (std::size_t of_part = histograms_[part][last_digit]; of_part > 0; --of_part) {
        end += close[next++] <= last_ ? 1 : 0;
      }
      ends[part] = end;
    }
    return ends;
  }

  const Score* scores_;
  RankOfScore rank_;
  const Threads& threads_;
  Parts parts_;
  std::vector<Histogram> histograms_;
  Ranked<Rank> last_{};
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
