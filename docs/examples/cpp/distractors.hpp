// The target's distractors, matched over frames: pytracking/tracker/dimp/distractors.py.
#pragma once

#include "localization.hpp"

struct Distractor {
    Point place, motion = {};  // image pixels
    int age = 1, unseen = 0;
};

// The peak that each distractor is, -1 if none, and the sum of squared distances: of all ways to match distractors from
// `row` on to peaks that are not in the set `taken`, the one with the least sum.
inline std::pair<double, std::vector<int>> match(
    const std::vector<Distractor>& all, const std::vector<Point>& peaks, double size, size_t row = 0, unsigned taken = 0) {
    constexpr double reach = 1, decay = 0.9;
    if (row == all.size()) return {0, {}};
    const auto none = match(all, peaks, size, row + 1, taken);
    std::pair<double, std::vector<int>> best = {none.first + reach * reach, {-1}};
    best.second.insert(best.second.end(), none.second.begin(), none.second.end());
    const double steps = decay * (1 - std::pow(decay, 1 + all[row].unseen)) / (1 - decay);
    const Point expected = all[row].place + steps * all[row].motion;
    for (size_t peak = 0; peak < peaks.size(); ++peak) {
        const double cost = std::pow(dist(expected, peaks[peak]) / size, 2);
        if (cost >= reach * reach || (taken >> peak & 1)) continue;
        const auto rest = match(all, peaks, size, row + 1, taken | 1u << peak);
        if (rest.first + cost >= best.first) continue;
        best = {rest.first + cost, {int(peak)}};
        best.second.insert(best.second.end(), rest.second.begin(), rest.second.end());
    }
    return best;
}

// The distractors after a frame with other `peaks`; those of this frame first. size: of the target, in pixels.
inline std::vector<Distractor> after(const std::vector<Distractor>& all, const std::vector<Point>& peaks, double size) {
    constexpr double motion_rate = 0.3;
    constexpr int remembered = 30, most = 8;
    const auto found = match(all, peaks, size).second;
    std::vector<Distractor> now, missed;
    for (size_t i = 0; i < all.size(); ++i) {
        Distractor each = all[i];
        if (found[i] >= 0) {
            const Point motion = (peaks[found[i]] - each.place) / (1.0 + each.unseen);
            each.motion += std::max(motion_rate, 1.0 / std::max(each.age, 1)) * (motion - each.motion);
            now.push_back({peaks[found[i]], each.motion, each.age + 1, 0});
        } else if (++each.unseen <= std::min(remembered, 2 * each.age)) {
            missed.push_back(each);
        }
    }
    for (size_t peak = 0; peak < peaks.size(); ++peak)
        if (std::find(found.begin(), found.end(), int(peak)) == found.end()) now.push_back({peaks[peak]});
    for (size_t i = 0; i < missed.size() && now.size() < most; ++i) now.push_back(missed[i]);
    return now;
}
