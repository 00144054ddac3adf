// From a score map to a displacement and a state: pytracking/tracker/dimp/localization.py.
//
// Places are (x, y) from the map's center in cells.
#pragma once

#include <limits>
#include <string>

#include "crop.hpp"

struct ScoreMap {
    std::vector<float> values;
    int size;
    float at(int row, int column) const { return values[row * size + column]; }
};

struct Peak {
    Point place;
    double score, distance = 0;
    bool far = false;
};

enum class State { tracking, uncertain, lost };

struct Localization {
    Point displacement;
    double score;
    State state;
    bool hard_negative = false;
    std::vector<Peak> distractors = {};
};

// What is known from the previous frames.
struct MotionContext {
    Point last_place;
    bool place_known;
    int lost;
    Point motion;
    std::vector<Point> distractors;
};

inline double dist(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

inline int argmax(const std::vector<float>& values) {
    return int(std::max_element(values.begin(), values.end()) - values.begin());
}

// Position of the maximum of a parabola through three values at -1, 0, 1.
inline double vertex(double before, double top, double after) {
    const double curvature = before - 2 * top + after;
    return curvature < 0 ? std::clamp(0.5 * (before - after) / curvature, -0.5, 0.5) : 0;
}

inline Point subcell_argmax(const ScoreMap& scores, int index) {
    const int row = index / scores.size, column = index % scores.size;
    const auto inside = [&](int at) { return at > 0 && at < scores.size - 1; };
    const float top = scores.at(row, column);
    return {column + (inside(column) ? vertex(scores.at(row, column - 1), top, scores.at(row, column + 1)) : 0),
            row + (inside(row) ? vertex(scores.at(row - 1, column), top, scores.at(row + 1, column)) : 0)};
}

// The highest peak and others outside its neighborhood, highest first.
inline std::vector<Peak> find_peaks(
    const ScoreMap& scores, cv::Size2d target, const MotionContext& context, const LocalizationParams& params) {
    constexpr size_t most = 5;
    constexpr float gone = -std::numeric_limits<float>::infinity();
    const double half_w = params.neighborhood_scale * target.width / 2, half_h = params.neighborhood_scale * target.height / 2;
    const double reach = params.displacement_scale * (scores.size - 1) / 4, center = (scores.size - 1) / 2.0;
    ScoreMap rest = scores;
    std::vector<Peak> found;
    for (int highest = argmax(rest.values); rest.values[highest] != gone && found.size() < most;
         highest = argmax(rest.values)) {
        if (!found.empty() && !(rest.values[highest] > params.not_found_threshold)) break;
        const Point cell = subcell_argmax(scores, highest), place = cell - Point(center, center);
        const Point moved = context.last_place + context.motion * (1 + context.lost);
        const double away = std::min(dist(place, context.last_place), dist(place, moved));
        found.push_back({place, rest.values[highest], dist(place, context.last_place), context.place_known && away > reach});
        for (int row = 0; row < rest.size; ++row)
            for (int column = 0; column < rest.size; ++column)
                if (std::abs(row - cell.y) <= half_h && std::abs(column - cell.x) <= half_w)
                    rest.values[row * rest.size + column] = gone;
    }
    return found;
}

// Whether `first` is a distractor of the last frame and `other` the target, not vice versa.
inline bool swapped(const Peak& first, const Peak& other, const std::vector<Point>& distractors, double margin) {
    return other.distance < first.distance && std::any_of(distractors.begin(), distractors.end(), [&](Point at) {
        return other.distance + dist(first.place, at) + margin < first.distance + dist(other.place, at);
    });
}

enum class Choice { unambiguous, distractor, ambiguous };

// The target among candidates (indices of `seen`, highest first), and whether it has a distractor.
inline std::pair<int, Choice> choose(
    const std::vector<int>& candidates, const std::vector<Peak>& seen, double margin, const MotionContext& context,
    const LocalizationParams& params) {
    const int best = candidates[0];
    const Peak& first = seen[best];
    if (!context.place_known) return {best, Choice::unambiguous};
    std::vector<Point> its;
    for (const Point at : context.distractors) {
        const auto nearest = std::min_element(seen.begin(), seen.end(), [at](const Peak& a, const Peak& b) {
            return dist(a.place, at) < dist(b.place, at);
        });
        if (nearest - seen.begin() == best) its.push_back(at);
    }
    const double enough = std::max(params.swap_ratio * first.score, params.uncertain_threshold);
    int stayed = -1;
    for (size_t i = 1; i < candidates.size(); ++i) {
        const Peak& other = seen[candidates[i]];
        if (other.score >= enough && swapped(first, other, its, margin) &&
            (stayed < 0 || other.distance < seen[stayed].distance))
            stayed = candidates[i];
    }
    if (stayed >= 0) return {stayed, Choice::distractor};
    if (candidates.size() < 2 || seen[candidates[1]].score <= params.distractor_ratio * first.score)
        return {best, best == 0 ? Choice::unambiguous : Choice::ambiguous};
    if (first.far == seen[candidates[1]].far) return {best, Choice::ambiguous};
    return {first.far ? candidates[1] : best, Choice::distractor};
}

inline Localization localize(
    const ScoreMap& scores, cv::Size2d target, const MotionContext& context, const LocalizationParams& params) {
    const auto seen = find_peaks(scores, target, context, params);
    std::vector<int> candidates;
    for (size_t i = 0; i < seen.size(); ++i) {
        double needed = params.not_found_threshold;
        if (context.lost) needed = std::max(needed, params.found_again_threshold);
        if (seen[i].far) needed = std::max(needed, params.far_threshold);
        if (seen[i].score >= needed) candidates.push_back(int(i));
    }
    if (candidates.empty()) return {seen[0].place, seen[0].score, State::lost};
    const double margin = params.swap_margin * std::sqrt(target.area());
    const auto [chosen, choice] = choose(candidates, seen, margin, context, params);
    Localization found{seen[chosen].place, seen[chosen].score, State::uncertain};
    const double strong = std::max(params.hard_negative_ratio * found.score, params.not_found_threshold);
    bool any_strong = false;
    for (size_t i = 0; i < seen.size(); ++i) {
        if (int(i) == chosen) continue;
        found.distractors.push_back(seen[i]);
        any_strong = any_strong || seen[i].score > strong;
    }
    found.hard_negative = choice == Choice::distractor || (choice == Choice::unambiguous && any_strong);
    if (choice != Choice::ambiguous && found.score >= params.uncertain_threshold) found.state = State::tracking;
    return found;
}
