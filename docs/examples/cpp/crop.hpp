// Square crops of a frame, and boxes into them and back: ltr/data/crop.py, pytracking/features/augmentation.py.
#pragma once

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "manifest.hpp"

using Box = cv::Rect2d;  // x, y, w, h
using Point = cv::Point2d;

inline Point center_of(const Box& box) { return {box.x + box.width / 2, box.y + box.height / 2}; }

// Center in image pixels, image pixels per crop pixel, side in crop pixels.
struct CropTransform {
    Point center;
    double scale;
    int side;
};

inline CropTransform search_region(const Box& box, cv::Size frame, const CropSettings& settings) {
    double side = std::sqrt(box.width * box.height) * settings.search_area;
    Point center = center_of(box);
    if (settings.crop_mode != "replicate") {
        const double limit = settings.crop_mode == "inside" ? std::min(frame.width, frame.height)
                                                            : std::max(frame.width, frame.height);
        side /= std::min(std::max(side / limit, 1.0), settings.max_shrink);
        const auto fit = [side](double at, double extent) {
            return side <= extent ? std::min(std::max(at, side / 2), extent - side / 2) : extent / 2;
        };
        center = {fit(center.x, frame.width), fit(center.y, frame.height)};
    }
    return {center, side / settings.crop_side, settings.crop_side};
}

inline Box box_to_crop(const Box& box, const CropTransform& t) {
    return {(box.x - t.center.x) / t.scale + t.side / 2.0, (box.y - t.center.y) / t.scale + t.side / 2.0,
            box.width / t.scale, box.height / t.scale};
}

inline Box box_from_crop(const Box& box, const CropTransform& t) {
    return {(box.x - t.side / 2.0) * t.scale + t.center.x, (box.y - t.side / 2.0) * t.scale + t.center.y,
            box.width * t.scale, box.height * t.scale};
}

inline cv::Mat sample_crop(const cv::Mat& image, const CropTransform& t) {
    const int factor = std::max(1, int(std::nearbyint(t.scale)));  // halves to even, as in Python
    const auto extent_and_start = [&](double middle, int extent) {
        const double half = t.scale * t.side / 2;
        const int first = std::clamp(int(std::floor(middle - half)) - 2 * factor, 0, extent - 1);
        const int last = std::min(std::max(int(std::ceil(middle + half)) + 2 * factor, first + 1), extent);
        return std::tuple(first, last - first, (middle + t.scale * (0.5 - t.side / 2.0) - first) / factor - 0.5);
    };
    const auto [left, width, start_x] = extent_and_start(t.center.x, image.cols);
    const auto [top, height, start_y] = extent_and_start(t.center.y, image.rows);
    cv::Mat patch = image(cv::Rect(left, top, width, height));
    if (factor > 1) {
        const int right = (factor - width % factor) % factor, bottom = (factor - height % factor) % factor;
        cv::Mat padded, reduced;
        cv::copyMakeBorder(patch, padded, 0, bottom, 0, right, cv::BORDER_REPLICATE | cv::BORDER_ISOLATED);
        cv::resize(padded, reduced, padded.size() / factor, 0, 0, cv::INTER_AREA);
        patch = reduced;
    }
    const double step = t.scale / factor;
    const cv::Matx23d matrix(step, 0, start_x, 0, step, start_y);
    cv::Mat crop;
    cv::warpAffine(patch, crop, matrix, {t.side, t.side}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
    return crop;
}

// Rotate and scale the patch about its center (the target's), which moves to the crop's center plus `offset`.
inline cv::Mat warp(const cv::Mat& patch, int side, Point offset, double angle, double zoom, bool mirror) {
    const double cos = std::cos(angle * CV_PI / 180) * zoom, sin = std::sin(angle * CV_PI / 180) * zoom;
    const double flip = mirror ? -1 : 1, origin = (patch.rows - 1) / 2.0, middle = (side - 1) / 2.0;
    const cv::Matx22d linear(cos * flip, sin, -sin * flip, cos);
    const cv::Vec2d moved = linear * cv::Vec2d(origin, origin);
    const cv::Matx23d matrix(linear(0, 0), linear(0, 1), middle + offset.x - moved[0],
                             linear(1, 0), linear(1, 1), middle + offset.y - moved[1]);
    cv::Mat crop;
    cv::warpAffine(patch, crop, matrix, {side, side}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    return crop;
}

struct AugmentedCrops {
    std::vector<cv::Mat> crops;
    std::vector<Box> boxes;
};

// The plain crop and its augmentations, and the target's box in each.
inline AugmentedCrops augmented_crops(
    const cv::Mat& frame, const Box& box, const CropTransform& t, const AugmentationParams& params) {
    const Point center = center_of(box), place = (center - t.center) / t.scale;
    const Point size(box.width / t.scale, box.height / t.scale);
    const cv::Mat patch = sample_crop(frame, {center, t.scale, 2 * t.side});
    AugmentedCrops found;
    const auto add = [&](Point shift, double angle = 0, double zoom = 1, bool mirror = false) {
        const Point offset = place + shift, corner = offset - zoom / 2 * size;
        found.crops.push_back(warp(patch, t.side, offset, angle, zoom, mirror));
        found.boxes.emplace_back(t.side / 2.0 + corner.x, t.side / 2.0 + corner.y, zoom * size.x, zoom * size.y);
    };
    add({});
    for (const auto& shift : params.shifts) add({shift.x * size.x, shift.y * size.y});
    for (const auto& shift : params.crop_shifts) add(shift * (t.side / 2.0));
    for (const double angle : params.rotations) add({}, angle);
    for (const double zoom : params.scales) add({}, 0, zoom);
    if (params.flip) add({}, 0, 1, true);
    for (const auto& sigma : params.blurs) {
        add({});
        cv::GaussianBlur(found.crops.back().clone(), found.crops.back(), {}, sigma.x, sigma.y);
    }
    return found;
}
