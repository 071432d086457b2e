#include "formats/csv.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "formats/collected.hpp"

namespace modyn::formats {
namespace {

using testing::bytes_of;
using testing::collect;
using testing::CollectedSample;
using testing::reason_of;
using Samples = std::vector<CollectedSample>;

// Labels in column 1 of files with quotes, if nothing else is said.
Csv csv(const std::string& settings = "quote=\"\nlabel_column=1\n") {
  FormatSettings parsed = FormatSettings::parse("format=csv\n" + settings);
  return *std::static_pointer_cast<const Csv>(make_csv(std::move(parsed)));
}

std::string bad(const Csv& format, std::string_view file) {
  return reason_of<BadContent>([&] { collect(format, file); });
}

TEST(Csv, TakesRowsWithoutTheirLabelColumn) {
  EXPECT_EQ(collect(csv(), "a,1,b\nc,-2,d\n"), (Samples{{1, 0, "a,b"}, {-2, 0, "c,d"}}));
  EXPECT_EQ(collect(csv("label_column=0\n"), "1,a,b\n"), (Samples{{1, 0, "a,b"}}));
  EXPECT_EQ(collect(csv("label_column=2\n"), "a,b,1\n"), (Samples{{1, 0, "a,b"}}));
  EXPECT_EQ(collect(csv("label_column=1\n"), ",1\n"), (Samples{{1, 0, ""}}));
}

TEST(Csv, TakesLineEndingsOfBothKindsAndALastRowWithoutOne) {
  const Samples expected{{1, 0, "a"}, {2, 0, "b"}};
  for (const char* file : {"a,1\nb,2\n", "a,1\r\nb,2\r\n", "a,1\nb,2\r\n", "a,1\nb,2", "a,1\r\nb,2", "a,1\nb,2\r",
                           "\n\na,1\n\r\n\nb,2\n\n\r\n",
                           "\xEF\xBB\xBF"
                           "a,1\nb,2\n",
                           "\xEF\xBB\xBF\n"
                           "a,1\nb,2\n"}) {
    EXPECT_EQ(collect(csv(), file), expected) << file;
  }
}

TEST(Csv, KeepsQuotedTextByteForByte) {
  EXPECT_EQ(collect(csv(), "\"x,\"\"y\"\"\r\nz\",1,\"\"\n"), (Samples{{1, 0, "\"x,\"\"y\"\"\r\nz\",\"\""}}));
  EXPECT_EQ(collect(csv(), "a,\"1\",b\n"), (Samples{{1, 0, "a,b"}}));
  EXPECT_EQ(collect(csv(), "a,\" 1 \"\r\n"), (Samples{{1, 0, "a"}}));
  EXPECT_EQ(collect(csv("quote='\nlabel_column=0\n"), "1,'a\nb'\n2,\"\n"), (Samples{{1, 0, "'a\nb'"}, {2, 0, "\""}}));
}

TEST(Csv, TakesQuotesAsTextIfQuotingIsOff) {
  EXPECT_EQ(collect(csv("label_column=1\n"), "\"a,1\nb\"c,2\n"), (Samples{{1, 0, "\"a"}, {2, 0, "b\"c"}}));
}

TEST(Csv, TakesAnySeparatorOfOneByte) {
  for (const char separator : {';', '\t', '|', ' ', 'x', '\xA7'}) {
    const std::string s(1, separator);
    EXPECT_EQ(collect(csv("encoding=latin-1\nlabel_column=1\nseparator=" + s + "\n"), "a," + s + "1" + s + "b\n"),
              (Samples{{1, 0, "a," + s + "b"}}));
  }
}

TEST(Csv, FindsColumnsByTheirNames) {
  const Csv format = csv("quote=\"\nheader=true\nlabel_name=the \"class\"\n");
  EXPECT_EQ(collect(format, "a,\"the \"\"class\"\"\",b\r\nx,7,y\r\n"), (Samples{{7, 0, "x,y"}}));
  EXPECT_TRUE(collect(format, "a,\"the \"\"class\"\"\",b\r\n").empty());
  EXPECT_TRUE(collect(format, "").empty());
  EXPECT_EQ(bad(format, "a,class\nx,7\n"),
            "has no column 'the \"class\"' in its header ('a', 'class'), which labels are taken from");
  EXPECT_EQ(bad(csv("header=true\nlabel_name=a\n"), "a,b,a\n1,2,3\n"),
            "has several columns 'a' in its header; labels cannot be taken from one of them");
  EXPECT_EQ(collect(csv("header=true\nencoding=latin-1\nlabel_name=größe\n"),
                    "x,gr\xF6\xDF"
                    "e\n\xFF,1\n"),
            (Samples{{1, 0, "\xFF"}}));
}

TEST(Csv, SkipsAHeaderWhoseNamesNobodyNeeds) {
  EXPECT_EQ(collect(csv("header=true\nlabel_column=1\n"), "a,b\nx,7\n"), (Samples{{7, 0, "x"}}));
}

TEST(Csv, TakesTimestampsFromAColumn) {
  const Csv format = csv("header=true\nquote=\"\nlabel_name=y\ntimestamp_name=t\n");
  EXPECT_TRUE(format.has_timestamps());
  EXPECT_EQ(collect(format, "t,x,y\n17,a,1\n1970-01-02,b,2\n\"1970-01-01T00:01:00Z\",c,3\n"),
            (Samples{{1, 17, "17,a"}, {2, 86'400, "1970-01-02,b"}, {3, 60, "\"1970-01-01T00:01:00Z\",c"}}));
  EXPECT_EQ(bad(format, "t,x,y\nsoon,a,1\n"),
            "has the timestamp 'soon' in row 2, column 1, where Unix seconds or a date and time like "
            "2024-05-31T12:00:00Z are expected");
}

TEST(Csv, NamesRowAndColumnOfWhatIsWrong) {
  EXPECT_EQ(bad(csv(), "a,1\n\n\"x\ny\",2\nb\n"), "has 1 column in row 5, where the first row has 2");
  EXPECT_EQ(bad(csv(), "a,1\nb,2,3\n"), "has 3 columns in row 2, where the first row has 2");
  EXPECT_EQ(bad(csv(), "a,1\nb,2\nc\nd,3\n,4\n"), "has 1 column in row 3, where the first row has 2");
  EXPECT_EQ(bad(csv(), "a\n"), "has 1 column in its first row; labels are taken from column 2");
  EXPECT_EQ(bad(csv("label_column=0\n"), "1\n"), "has only one column, the label: nothing is left for a sample");
  EXPECT_EQ(bad(csv(), "a,1\nb,\n"), "has no label in row 2, column 2");
  EXPECT_EQ(bad(csv(), "a,1\nb,\"\"\n"), "has no label in row 2, column 2");
  EXPECT_EQ(bad(csv(), "a,1\nb,2.5\n"),
            "has the label '2.5' in row 2, column 2, where an integer of at most 64 bits is expected");
  EXPECT_EQ(bad(csv(), "a,1\n\"b,2\nc,3\n"), "has a quoted field without an end in row 2, column 1");
  EXPECT_EQ(bad(csv(), "a,1\n\"b\"c,2\n"), "has text after the closing quote of a field in row 2, column 1");
  EXPECT_EQ(bad(csv(), "a,1\nb\"c\",2\n"), "has a quote within an unquoted field in row 2, column 1");
  EXPECT_EQ(bad(csv(), "a,1\nb,2\rc,3\n"), "has a carriage return that no line feed follows in row 2, column 2");
  EXPECT_EQ(bad(csv(), "a,1\nb\xFF,2\n"), "has bytes that are not UTF-8 in row 2, column 1");
  EXPECT_EQ(bad(csv(), "\"a\n"), "has a quoted field without an end in its first row");
}

TEST(Csv, CountsRowsFromTheStartOfTheFileHoweverMuchWasIngested) {
  const std::string file = "a,1\nb,2\nc,x\n";
  EXPECT_EQ(reason_of<BadContent>([&] { collect(csv(), file, 8); }),
            "has the label 'x' in row 3, column 2, where an integer of at most 64 bits is expected");
}

TEST(Csv, WaitsForTheEndOfALineUntilTheFileIsQuiet) {
  EXPECT_EQ(reason_of<IncompleteFile>([&] { collect(csv(), "a,1\nb,2", 0, false); }),
            "ends within a line; it is taken when the line ends or nobody writes to the file any more");
  EXPECT_EQ(reason_of<IncompleteFile>([&] { collect(csv(), "a,1\n\"b\n", 0, false); }),
            "ends within a quoted field; it is taken when the field ends");
  EXPECT_EQ(reason_of<IncompleteFile>([&] { collect(csv(), "\"b\n", 0, false); }), "ends within its first row");
  EXPECT_EQ(collect(csv(), "a,1\n", 0, false).size(), 1U);
}

TEST(Csv, RefusesATailThatChangesALastRowWithoutAnEnd) {
  const std::string before = "a,1\nb,2";
  EXPECT_EQ(reason_of<IngestedBytesChanged>([&] { collect(csv(), before + "3\n", before.size()); }),
            "was appended to within its last row, which was ingested without a line ending");
  EXPECT_EQ(collect(csv(), before + "\nc,3\n", before.size()), (Samples{{3, 0, "c"}}));
  EXPECT_EQ(collect(csv(), before + "\r\nc,3\n", before.size()), (Samples{{3, 0, "c"}}));
  EXPECT_TRUE(collect(csv(), before + "\n", before.size()).empty());
  EXPECT_TRUE(collect(csv(), before + "\r", before.size()).empty());
}

// Random files of this many columns, well formed unless they are damaged.
class RandomCsv {
 public:
  explicit RandomCsv(unsigned seed) : random_(seed) {}

  std::string file(std::size_t rows) {
    std::string text = below(4) == 0 ? "\xEF\xBB\xBF" : "";
    for (std::size_t row = 0; row < rows; ++row) {
      while (below(8) == 0) text += line_end();
      text += field() + "," + std::to_string(static_cast<int>(below(300)) - 100) + "," + field();
      if (row + 1 < rows || below(2) == 0) text += line_end();
    }
    return text;
  }

  void damage(std::string& file) {
    constexpr char kBytes[] = {'"', ',', '\n', '\r', 'x', '\xC3'};
    if (file.empty()) return;
    const std::size_t at = below(file.size());
    switch (below(3)) {
      case 0:
        file[at] = kBytes[below(sizeof(kBytes))];
        break;
      case 1:
        file.erase(at, 1);
        break;
      default:
        file.insert(at, 1, kBytes[below(sizeof(kBytes))]);
    }
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::string line_end() { return below(2) == 0 ? "\n" : "\r\n"; }
  std::string field() {
    std::string text;
    for (std::size_t i = below(below(10) == 0 ? 150 : 6); i > 0; --i) text += kLetters[below(sizeof(kLetters) - 1)];
    if (below(3) > 0) return text;
    std::string quoted = "\"";
    for (std::size_t i = below(8); i > 0; --i) {
      const char* const pieces[] = {"a", ",", "\"\"", "\n", "\r\n", "\r", "\xC3\xA4"};
      quoted += pieces[below(7)];
    }
    return quoted + "\"";
  }
  static constexpr char kLetters[] = "abc 01;'";
  std::mt19937_64 random_;
};

struct Outcome {
  Samples samples;
  std::string problem;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read_in(const Csv& format, std::string_view file, std::uint64_t window, std::uint64_t piece) {
  testing::Collector collector(file);
  try {
    format.read(MemoryInput(bytes_of(file)), collector, window, piece);
  } catch (const BadContent& bad) {
    return {{}, bad.what()};
  }
  return {collector.samples(), ""};
}

TEST(Csv, GivesTheSameHoweverAFileIsCutIntoPiecesAndWindows) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomCsv random(seed);
    std::string file = random.file(1 + random.below(40));
    if (seed % 2 == 1) random.damage(file);
    for (const Csv& format : {csv(), csv("label_column=1\n")}) {
      const Outcome whole = read_in(format, file, 1U << 16U, 1U << 20U);
      EXPECT_EQ(whole.problem.find("cannot be read as CSV"), std::string::npos) << "the cause was not found: " << file;
      for (const std::uint64_t window : {1, 7, 64, 300}) {
        for (const std::uint64_t piece : {1, 10, 100}) {
          const Outcome cut = read_in(format, file, window, piece);
          ASSERT_EQ(cut.problem, whole.problem) << seed << " " << window << " " << piece << "\n" << file;
          ASSERT_EQ(cut.samples, whole.samples) << seed << " " << window << " " << piece << "\n" << file;
        }
      }
    }
  }
}

TEST(Csv, GrowsAtEveryBytePositionOrSaysThatARowChanged) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::string file = RandomCsv(seed).file(6);
    const Samples whole = collect(csv(), file);
    std::size_t grown = 0;
    for (std::size_t cut = 0; cut <= file.size(); ++cut) {
      const std::string_view before = std::string_view(file).substr(0, cut);
      try {
        Samples samples = collect(csv(), before);
        const Samples rest = collect(csv(), file, cut);
        samples.insert(samples.end(), rest.begin(), rest.end());
        ASSERT_EQ(samples, whole) << seed << " cut at " << cut << "\n" << file;
        ++grown;
      } catch (const BadContent&) {
        // Half a row: it would have waited.
      } catch (const IngestedBytesChanged&) {
        // A whole row that was only the first part of another.
      }
      // A writer at work is waited for, so that nothing but whole rows is taken.
      if (!before.empty() && before.back() != '\n') {
        EXPECT_NE(reason_of<IncompleteFile>([&] { collect(csv(), before, 0, false); }), "") << cut;
      }
    }
    EXPECT_GE(grown, 6U);
  }
}

TEST(Csv, TakesAllRowsOfFilesOfManyWindows) {
  std::string file;
  Samples expected;
  for (int row = 0; row < 50'000; ++row) {
    const std::string text = row % 1000 == 0 ? "\"" + std::string(100'000, 'x') + "\n\"" : "text" + std::to_string(row);
    file += text + "," + std::to_string(row % 77) + "\n";
    expected.push_back({row % 77, 0, text});
  }
  EXPECT_EQ(collect(csv(), file), expected);
}

}  // namespace
}  // namespace modyn::formats
