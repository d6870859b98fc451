/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a small reverse network of random weights: make-reverse FILE */
#include <gst-sod/gstsod.h>

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;

  if (argc != 2)
    return 2;
  architecture = gst_sod_architecture_new_from_json (
      "{\"kind\":\"reverse\",\"preset\":\"test\",\"input-size\":[32,16],"
      "\"stem-width\":32,\"growth\":16,\"blocks\":[1,1,1,1,1,1,1,1]}",
      &error);
  if (architecture != NULL)
    network = gst_sod_network_new_random (architecture, 1, &error);
  if (network != NULL && gst_sod_network_save (network, argv[1], &error))
    return 0;
  g_printerr ("%s\n", error->message);
  return 1;
}
