/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pictures to tensors and maps back, by the rule of ref/picture.c. A thread
 * makes all channels of one pixel, x of a block is pixels of a row: it adds up
 * the samples under its triangles in f32, row by row, and writes (=). Where
 * triangles lie is worked out in f64: a sample's place among thousands has no
 * bits left for its fraction in f32. */
#include <gst-sod/backend/cuda/kernel.cuh>

/* How outputs lie among samples, along one direction: the centre of output i is
 * at sample offset + i * step, and its triangle reaches @width to each side: as
 * far as the outputs are apart, at least one sample. */
typedef struct
{
  double offset, step, width;
  float inverse; /* of width */
  int n_in;
} Axis;

/* Samples under the triangle of one output. */
typedef struct
{
  int first, count;
  float at;      /* of the first, from the triangle's centre */
  float inverse; /* of half the triangle's base */
  float total;   /* of the weights */
} Taps;

static Axis
get_axis (int n_out, int n_in, double first, double step)
{
  double apart = 1 / (n_out * step), width = apart > 1 ? apart : 1;
  Axis axis = { (0.5 / n_out - first) / step, apart, width, (float) (1 / width),
    n_in };

  return axis;
}

GST_SOD_DEVICE float
weigh (const Taps &taps, int index)
{
  float share = 1 - fabsf (taps.at + (float) index) * taps.inverse;

  return share > 0 ? share : 0;
}

GST_SOD_DEVICE Taps
find_taps (const Axis &axis, int out)
{
  double position = axis.offset + out * axis.step;
  double last = axis.n_in - 1;
  Taps taps;

  /* Beyond the outermost samples the edge is repeated; a triangle of several
   * samples only has to reach one. */
  if (axis.width == 1)
    position = fmin (fmax (position, 0.0), last);
  position = fmin (fmax (position, -0.5), last + 0.5);
  taps.first = (int) fmax (ceil (position - axis.width), 0.0);
  taps.count =
      (int) fmin (floor (position + axis.width), last) - taps.first + 1;
  taps.at = (float) (taps.first - position);
  taps.inverse = axis.inverse;
  taps.total = 0;
  for (int i = 0; i < taps.count; i++)
    taps.total += weigh (taps, i);
  return taps;
}

/* ---- pictures to tensors ---- */

typedef struct
{
  const uint8_t *data;
  int64_t stride;
  int pixel_stride, sample_size, shift;
  unsigned mask;
  Axis x, y;
} Component;

typedef struct
{
  Component components[3];
  int n_components, gray;
  int h, w, channels; /* of the tensor */
  float matrix[3][4];
  float mean[3], inverse_std[3];
} Picture;

GST_SOD_DEVICE float
read_code (const Component &component, const uint8_t *sample)
{
  if (component.sample_size == 1)
    return *sample;
  return (float) ((unsigned) (sample[0] | sample[1] << 8) >> component.shift
                  & component.mask);
}

/* The mean code under the triangles of output (@y, @x). */
GST_SOD_DEVICE float
resample_codes (const Component &component, int y, int x)
{
  Taps v = find_taps (component.y, y), u = find_taps (component.x, x);
  const uint8_t *row = component.data + v.first * component.stride
                       + (int64_t) u.first * component.pixel_stride;
  float sum = 0;

  for (int i = 0; i < v.count; i++, row += component.stride) {
    float across = 0;

    for (int j = 0; j < u.count; j++)
      across += weigh (u, j)
                * read_code (component, row + j * component.pixel_stride);
    sum += weigh (v, i) * across;
  }
  return sum / (v.total * u.total);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
preprocess (Picture picture, GstSodPixels tensor)
{
  int x = (int) (blockIdx.x * blockDim.x + threadIdx.x);
  int y = (int) (blockIdx.y * blockDim.y + threadIdx.y);
  float codes[3] = { 0, 0, 0 };

  if (x >= picture.w || y >= picture.h)
    return;
  GST_SOD_UNROLL
  for (int i = 0; i < 3; i++) {
    if (i < picture.n_components)
      codes[i] = resample_codes (picture.components[i], y, x);
  }
  GST_SOD_UNROLL
  for (int i = 0; i < 3; i++) {
    const float *row = picture.matrix[i];
    float value =
        row[0] * codes[0] + row[1] * codes[1] + row[2] * codes[2] + row[3];

    value = fminf (fmaxf (value, 0), 1);
    if (!picture.gray)
      value = (value - picture.mean[i]) * picture.inverse_std[i];
    if (i < picture.channels)
      gst_sod_store (
          tensor, ((int64_t) y * picture.w + x) * tensor.stride + i, value);
  }
}

static Component
get_component (const GstSodCudaComponent *from, const GstSodCudaView *view)
{
  Component to = { from->data, from->stride, from->pixel_stride,
    from->sample_size, from->shift, (1u << from->depth) - 1,
    get_axis (
        view->w, from->width, (double) from->x_first, (double) from->x_step),
    get_axis (
        view->h, from->height, (double) from->y_first, (double) from->y_step) };

  return to;
}

/* A block's threads: 32 pixels of 8 rows. */
static const dim3 tile (32, GST_SOD_THREADS / 32);

static inline dim3
get_tiles (int h, int w)
{
  return dim3 ((unsigned) (w + (int) tile.x - 1) / tile.x,
      (unsigned) (h + (int) tile.y - 1) / tile.y);
}

void
gst_sod_cuda_kernel_preprocess (
    void *stream, const GstSodCudaPicture *picture, const GstSodCudaView *view)
{
  Picture p = {};

  if (view->h <= 0 || view->w <= 0)
    return;
  p.n_components = picture->n_components;
  p.gray = picture->gray;
  p.h = view->h;
  p.w = view->w;
  p.channels = picture->gray ? 1 : 3;
  for (int i = 0; i < picture->n_components; i++)
    p.components[i] = get_component (&picture->components[i], view);
  for (int i = 0; i < 3; i++) {
    memcpy (p.matrix[i], picture->matrix[i], sizeof (p.matrix[i]));
    for (int j = picture->n_components; j < 3; j++)
      p.matrix[i][j] = 0;
    p.mean[i] = picture->mean[i];
    p.inverse_std[i] = (float) (1 / (double) picture->std[i]);
  }
  GST_SOD_LAUNCH (preprocess, get_tiles (view->h, view->w), tile, stream, p,
      gst_sod_pixels (view));
}

/* ---- maps to pictures ---- */

typedef struct
{
  uint8_t *data;
  int64_t stride;
  int width, height;
} Gray;

GST_SOD_KERNEL (GST_SOD_THREADS)
postprocess (GstSodPixels map, Axis rows, Axis columns, Gray gray)
{
  int x = (int) (blockIdx.x * blockDim.x + threadIdx.x);
  int y = (int) (blockIdx.y * blockDim.y + threadIdx.y);
  float sum = 0;
  Taps u, v;

  if (x >= gray.width || y >= gray.height)
    return;
  v = find_taps (rows, y);
  u = find_taps (columns, x);
  for (int i = 0; i < v.count; i++) {
    int64_t at = (int64_t) (v.first + i) * columns.n_in + u.first;
    float across = 0;

    for (int j = 0; j < u.count; j++)
      across += weigh (u, j) * gst_sod_load (map, (at + j) * map.stride);
    sum += weigh (v, i) * across;
  }
  sum = fminf (fmaxf (sum / (v.total * u.total), 0), 1);
  gray.data[y * gray.stride + x] = (uint8_t) (sum * 255 + 0.5f);
}

void
gst_sod_cuda_kernel_postprocess (void *stream, const GstSodCudaView *map,
    uint8_t *gray, int stride, int width, int height)
{
  Gray to = { gray, stride, width, height };

  if (width > 0 && height > 0)
    GST_SOD_LAUNCH (postprocess, get_tiles (height, width), tile, stream,
        gst_sod_pixels (map),
        get_axis (height, map->h, 0.5 / map->h, 1.0 / map->h),
        get_axis (width, map->w, 0.5 / map->w, 1.0 / map->w), to);
}
