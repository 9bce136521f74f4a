#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "spec/diagnostic.h"
#include "spec/source.h"

namespace flexos {

/// Collects what is found wrong while files are read; nothing stops at the first error.
class Report {
 public:
  /// One error or warning with the notes that belong to it.
  class Finding {
   public:
    /// Points at the other place that is involved.
    Finding& note(const Span& span, std::string message);

   private:
    friend class Report;
    Diagnostic main_;
    std::vector<Diagnostic> notes_;
    bool primary_ = false;
    std::size_t order_ = 0;  ///< of being found: breaks ties
  };

  Finding& error(const Span& span, std::string_view code, std::string message,
                 std::string hint = {});
  Finding& warning(const Span& span, std::string_view code, std::string message,
                   std::string hint = {});

  bool has_errors() const { return errors_ > 0; }
  int errors() const { return errors_; }
  /// So much is wrong that nothing more is kept: whoever loops may stop.
  bool full() const;

  /// Everything found: the spec's own findings first, then by file and position.
  std::vector<Diagnostic> take();

 private:
  Finding& add(Severity severity, const Span& span, std::string_view code, std::string message,
               std::string hint);

  std::deque<Finding> findings_;
  Finding overflow_;  ///< takes what comes after too many
  int errors_ = 0;
};

}  // namespace flexos
