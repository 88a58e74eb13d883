// The general engine: depth first and breadth first by turns, so that it is never much slower than the better of them.
#pragma once

#include <algorithm>
#include <vector>

#include "breadth_first.hpp"
#include "depth_first.hpp"
#include "segment.hpp"

namespace splitbrain {

// Which way to search: both by turns, with a look at segments; or one alone. And which one gave an answer.
enum class Way : int { both = 0, depth = 1, breadth = 2, segment = 3 };

struct Answer {
    Outcome outcome = Outcome::unknown;
    Way way = Way::both;
    Reason reason = Reason::none;  // why it is unknown
    std::vector<int32_t> order;    // a linearization, if valid
    int32_t operation = -1;        // that of the event reached, or at whose return there was no way to go on
    int32_t since = -1;            // by a segment: that of the event from which on there is no order, whatever was before
    std::vector<int32_t> states;   // breadth first, invalid: those that were possible just before that event
    uint64_t configurations = 0;
};

template <class Model, int Words>
class Search {
public:
    // `patience`: how many configurations to hold before the first look at a segment.
    Search(Model& model, const Events& events, const Layout& layout, unsigned rules, Way way, uint64_t patience,
           Meter& meter)
        : model_(model), events_(events), layout_(layout), rules_(rules), way_(way), share_(10'000 + events.size()),
          patience_(std::max<uint64_t>(1, patience)), meter_(meter), depth_(model, events, layout, rules, meter),
          breadth_(model, events, layout, {model.initial()}, rules, meter) {
        meter.watch([this] { return bytes(); });
    }

    Search(const Search&) = delete;

    Answer run(uint64_t configurations) {
        limit_ = configurations;
        try {
            meter_.look();
            run_by_turns();
        } catch (const Spent& spent) {
            answer_.outcome = Outcome::unknown;
            answer_.reason = spent.reason;
            reach(std::max(depth_.deepest(), breadth_.position()));
        }
        answer_.configurations = used();
        return std::move(answer_);
    }

private:
    // Shares double; none is larger than what is left.
    void run_by_turns() {
        for (uint64_t share = share_; used() < limit_; share *= 2) {
            if (way_ != Way::breadth && run_deep(std::min(share, limit_ - used() + depth_.configurations()))) return;
            if (way_ != Way::depth && run_broad(std::min(share, limit_ - used() + breadth_.configurations()))) return;
        }
        throw Spent{Reason::configurations};
    }

    bool run_deep(uint64_t limit) {
        for (;; patience_ *= 2) {
            const Outcome outcome = depth_.run(limit, way_ == Way::both ? patience_ : limit);
            if (outcome == Outcome::valid) answer_.order = std::move(depth_.order());
            if (outcome == Outcome::invalid) reach(depth_.deepest());
            if (outcome != Outcome::unknown) return is_answer(outcome, Way::depth);
            if (depth_.configurations() >= limit) return false;
            if (is_refuted()) return is_answer(Outcome::invalid, Way::segment);
        }
    }

    bool run_broad(uint64_t limit) {
        const Outcome outcome = breadth_.run(limit);
        if (outcome == Outcome::unknown) return false;
        reach(breadth_.position());
        if (outcome == Outcome::valid) answer_.order = breadth_.order();
        if (outcome == Outcome::invalid) answer_.states = breadth_.states();
        return is_answer(outcome, Way::breadth);
    }

    int32_t operation_of(int32_t place) const { return std::max(events_[place], ~events_[place]); }

    void reach(int32_t place) {
        if (place < static_cast<int32_t>(events_.size())) answer_.operation = operation_of(place);
    }

    bool is_answer(Outcome outcome, Way way) {
        answer_.outcome = outcome;
        answer_.way = way;
        return true;
    }

    // Whether events around that at which the search is stuck have no order, whatever was before. Segments grow with
    // patience, so that all of this takes no longer than the search does.
    bool is_refuted() {
        if constexpr (Model::is_register) {
            const int32_t stuck = depth_.deepest();
            const auto width = static_cast<int32_t>(std::min<uint64_t>(4 + patience_ / 16, events_.size()));
            const Segment segment(model_.columns, events_, layout_, stuck, width, meter_);
            const Register columns = segment.columns();
            const Events events = events_of(columns.times, meter_);
            RegisterModel model(columns, events, meter_);
            const Layout layout(model, columns.times, events, rules_, meter_);
            BreadthFirst<RegisterModel, Words> search(model, events, layout, segment.starts, rules_, meter_);
            in_segment_ = &search;
            const Outcome outcome = search.run(std::min(500 + patience_, limit_ - used()));
            in_segment_ = nullptr;
            in_segments_ += search.configurations();
            if (outcome != Outcome::invalid) return false;
            const int32_t operation = segment.numbers[~events[search.position()]];
            // Without looking ahead, all before the event at which the search is stuck is linearizable.
            if (!(rules_ & live) && layout_.returns[operation] != stuck) return false;
            answer_.operation = operation;
            answer_.since = operation_of(segment.begin);
            return true;
        }
        return false;
    }

    uint64_t used() const { return depth_.configurations() + breadth_.configurations() + in_segments_; }

    uint64_t bytes() const {
        return events_.capacity() * sizeof(int32_t) + layout_.bytes() + model_.bytes() + depth_.bytes() +
               breadth_.bytes() + (in_segment_ ? in_segment_->bytes() : 0);
    }

    Model& model_;
    const Events& events_;
    const Layout& layout_;
    const unsigned rules_;
    const Way way_;
    const uint64_t share_;
    uint64_t patience_, limit_ = 0, in_segments_ = 0;
    const BreadthFirst<RegisterModel, Words>* in_segment_ = nullptr;
    Meter& meter_;
    DepthFirst<Model, Words> depth_;
    BreadthFirst<Model, Words> breadth_;
    Answer answer_;
};

}  // namespace splitbrain
